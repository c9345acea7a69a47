/** Messages of `itemChanges` that get lost on the way, for example in a gateway. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { filterId } from '../../src/client/item-filter.ts';
import { mirror } from '../../src/client/mirror.ts';
import {
  type Payload,
  resumable,
  type Result,
  type Sink,
  type SubscriptionClient,
} from '../../src/client/resuming/resumable.ts';

afterEach(() => void vi.useRealTimers());

/** Item cursors and message cursors of one log; `other` is of another one. */
const at = (position: number, epoch = 'aaaaaaaaaaaa'): string => `${epoch}-1${position}-0000000`;
const other = (position: number): string => at(position, 'bbbbbbbbbbbb');

interface Part {
  readonly cursor: string;
  readonly follows?: string | null;
  readonly reset?: boolean;
  readonly keys?: readonly string[];
  readonly gone?: readonly string[];
  readonly size?: number | null;
  readonly checksum?: string;
}

const message = ({
  cursor,
  follows = null,
  reset = false,
  keys = [],
  gone = [],
  size = null,
  checksum,
}: Part): Result => ({
  data: {
    itemChanges: {
      reset,
      upserted: keys.map((key) => ({ id: key, key, value: 1, timestamp: '', expiresAt: null, cursor })),
      removed: gone.map((key) => ({ key, reason: 'REMOVED', timestamp: '', cursor })),
      caughtUp: true,
      cursor,
      follows,
      size,
      checksum: checksum ?? null,
    },
  },
});

/** A client whose subscriptions the test answers. */
function fakeClient() {
  const subscriptions: { payload: Payload; sink: Sink; isOpen: boolean }[] = [];
  const client: SubscriptionClient = {
    subscribe(payload, sink) {
      const subscription = { payload: structuredClone(payload), sink, isOpen: true };
      subscriptions.push(subscription);
      return () => void (subscription.isOpen = false);
    },
  };
  const last = () => {
    const subscription = subscriptions.at(-1);
    if (!subscription) throw new Error('nothing has subscribed');
    return subscription;
  };
  return {
    client,
    subscriptions,
    after: () => subscriptions.map(({ payload }) => payload.extensions?.['after']),
    send: (part: Part) => last().sink.next(message(part)),
    fail: (code: string) => last().sink.error([{ message: 'refused', extensions: { code } }]),
  };
}

const begun = { cursor: at(1), reset: true, keys: ['a'] };

function openMirror() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const fake = fakeClient();
  const mirrored = mirror(fake.client);
  const shown: string[] = [];
  const stop = mirrored.subscribe(() => shown.push([...mirrored.items.keys()].join(' ')));
  return { ...fake, mirrored, shown, stop, keys: () => [...mirrored.items.keys()], waits: () => vi.getTimerCount() };
}

describe('a mirror', () => {
  it.each<[string, Part]>([
    ['a message after one that was lost', { cursor: at(3), follows: at(2), keys: ['c'] }],
    ['a message older than its own state', { cursor: at(0), follows: at(0), keys: ['c'] }],
    ['a message of another log whose reset was lost', { cursor: other(3), follows: other(2), keys: ['c'] }],
  ])('a mirror doesn’t show %s, and resumes from its own cursor', async (_which, lost) => {
    const { send, mirrored, keys, after, shown, subscriptions } = openMirror();
    send(begun);
    send(lost);
    expect(keys()).toEqual(['a']);
    expect(mirrored.state).toMatchObject({ status: 'reconnecting', missed: 1, repairs: 0 });
    expect(subscriptions.map(({ isOpen }) => isOpen)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(0);
    expect(after()).toEqual([null, at(1)]);
    send({ cursor: at(3), follows: at(1), keys: ['b', 'c'] });
    expect(mirrored.state).toMatchObject({ status: 'live', missed: 1, repairs: 0, error: undefined });
    expect([keys(), shown]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'a', 'a b c'],
    ]);
  });

  it.each<[string, Part]>([
    ['follows its state', { cursor: at(2), follows: at(1), keys: ['b'] }],
    ['follows an older cursor than its own', { cursor: at(2), follows: at(0), keys: ['b'] }],
    ['comes twice', { cursor: at(1), follows: at(1), keys: ['b'] }],
    ['has no follows', { cursor: at(2), keys: ['b'] }],
    ['starts another log with reset', { cursor: other(1), reset: true, keys: ['a', 'b'] }],
  ])('a mirror applies a message that %s', (_which, part) => {
    const { send, mirrored, keys, subscriptions } = openMirror();
    send(begun);
    send(part);
    expect([keys(), mirrored.state.missed, subscriptions.length]).toEqual([['a', 'b'], 0, 1]);
  });

  it('a mirror starts again when the first message, which has reset, was lost', async () => {
    const { send, mirrored, keys, after } = openMirror();
    send({ cursor: at(2), follows: at(1), keys: ['b'] });
    expect([keys(), mirrored.state.isLoaded, mirrored.state.missed]).toEqual([[], false, 1]);
    await vi.advanceTimersByTimeAsync(0);
    expect(after()).toEqual([null, null]);
    send({ ...begun, keys: ['a', 'b'] });
    expect([keys(), mirrored.state.isLoaded]).toEqual([['a', 'b'], true]);
  });

  it('a mirror waits longer for each gap in a row, at most a minute, and resumes at once after two messages in a row', async () => {
    const { send, after } = openMirror();
    send(begun);
    for (const waitMs of [0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      const before = after().length;
      send({ cursor: at(5), follows: at(4) });
      if (waitMs > 0) {
        await vi.advanceTimersByTimeAsync(waitMs - 1);
        expect(after().length).toBe(before);
      }
      await vi.advanceTimersByTimeAsync(waitMs > 0 ? 1 : 0);
      expect(after().length).toBe(before + 1);
      // The first message comes at once, whatever the gateway drops later.
      send({ cursor: at(1), follows: at(1) });
    }
    send({ cursor: at(2), follows: at(1) });
    send({ cursor: at(9), follows: at(8) });
    await vi.advanceTimersByTimeAsync(0);
    expect(after().at(-1)).toBe(at(2));
  });

  it('a mirror that loses its last listener while it waits doesn’t subscribe again', async () => {
    const { send, stop, waits, subscriptions } = openMirror();
    send(begun);
    send({ cursor: at(5), follows: at(4) });
    expect(waits()).toBe(1);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([waits(), subscriptions.length]).toEqual([0, 1]);
  });

  it('a mirror with a filter compares size and checksum, and loads again what is wrong', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client, send, after } = fakeClient();
    const mirrored = mirror(client, { filter: { where: { path: '/status', eq: 'open' } } });
    mirrored.subscribe(() => {});
    send({ ...begun, size: 2 });
    expect(mirrored.state).toMatchObject({ repairs: 1, isLoaded: false });
    await vi.advanceTimersByTimeAsync(0);
    expect(after()).toEqual([null, null]);
    send({ ...begun, size: 1 });
    expect(mirrored.state).toMatchObject({ repairs: 1, status: 'live' });
  });

  it('a mirror subscribes without follows on a server that doesn’t know it, once', () => {
    const { fail, send, keys, mirrored, subscriptions } = openMirror();
    const selects = () => subscriptions.map(({ payload }) => /\bfollows\b/.test(payload.query));
    fail('GRAPHQL_VALIDATION_FAILED');
    expect(selects()).toEqual([true, false]);
    send(begun);
    expect(keys()).toEqual(['a']);
    fail('GRAPHQL_VALIDATION_FAILED');
    expect([selects(), mirrored.state.status]).toEqual([[true, false], 'failed']);
  });
});

describe('resumable', () => {
  it.each(['own: itemChanges', 'own: quoteChanges'])(
    'resumable resumes %s { follows cursor }, and tells onMissed',
    async (field) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { client, subscriptions, after } = fakeClient();
      const got: unknown[] = [];
      const missed: Payload[] = [];
      const payload = { query: `subscription { ${field} { follows cursor } }` };
      resumable(client, { onMissed: (operation) => missed.push(operation) }).subscribe(payload, {
        next: ({ data }) => got.push((data as { own: { cursor: string } }).own.cursor),
        error() {},
        complete() {},
      });
      const send = (cursor: string, follows: string | null) =>
        subscriptions.at(-1)?.sink.next({ data: { own: { follows, cursor } } });
      send(at(1), null);
      send(at(2), at(1));
      send(at(5), at(4));
      subscriptions.at(-1)?.sink.complete();
      await vi.advanceTimersByTimeAsync(0);
      send(at(5), at(2));
      expect([got, missed, after()]).toEqual([[at(1), at(2), at(5)], [payload], [undefined, at(2)]]);
    },
  );

  it.each([null, 'somebody', 'a-b-c', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'])(
    'resumable takes the field follows of an item for no cursor, as in %j',
    (follows) => {
      const { client, subscriptions } = fakeClient();
      const got: unknown[] = [];
      const query = 'subscription { members { follows cursor } }';
      resumable(client).subscribe({ query }, { next: ({ data }) => got.push(data), error() {}, complete() {} });
      for (const cursor of [at(1), at(2), at(3)])
        subscriptions[0]?.sink.next({ data: { members: { follows, cursor } } });
      expect(got.length).toBe(3);
    },
  );

  it('resumable passes everything on when the document doesn’t select follows', () => {
    const { client, subscriptions } = fakeClient();
    const got: unknown[] = [];
    const query = 'subscription { itemChanges { cursor } }';
    resumable(client).subscribe({ query }, { next: ({ data }) => got.push(data), error() {}, complete() {} });
    for (const cursor of [at(1), at(5), at(2)]) subscriptions[0]?.sink.next({ data: { itemChanges: { cursor } } });
    expect(got.length).toBe(3);
  });
});

describe('filterId', () => {
  const where = (filter: object) => filterId({ where: filter });

  it('filters on values that differ are different, also a null and an absent member', () => {
    const filters = [
      {},
      { path: '/a' },
      { path: '/a', eq: null },
      { path: '/a', eq: 1 },
      { path: '/a', ne: 1 },
      { path: '/b', eq: 1 },
      { and: [{ eq: 1 }, { eq: 2 }] },
      { or: [{ eq: 1 }, { eq: 2 }] },
      { eq: { a: 1, b: 2 } },
      { eq: { a: 2, b: 1 } },
    ];
    expect(new Set([filterId({}), ...filters.map(where)]).size).toBe(filters.length + 1);
  });

  it('filters on values that differ in the order of members, or in members that JSON omits, are equal', () => {
    expect(where({ path: '/a', eq: { a: 1, b: [{ c: 2, d: 3 }] } })).toBe(
      where({ eq: { b: [{ d: 3, c: 2 }], a: 1 }, path: '/a', ne: undefined }),
    );
    expect([filterId({ where: null }), filterId({ where: undefined })]).toEqual([filterId({}), filterId(null)]);
  });
});
