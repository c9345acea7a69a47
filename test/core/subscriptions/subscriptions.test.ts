import { describe, expect, it } from 'vitest';
import { BadInputError, CursorExpiredError, LaggedError } from '../../../src/core/model/errors.ts';
import { openMap, take } from '../../support/model/open-map.ts';

type Thrown = abstract new (...args: never[]) => Error;
const keyOf = ({ key }: { key: string }): string => key;

describe('items', () => {
  it('items delivers the current items, oldest first, and then each insertion (G1)', async () => {
    const map = await openMap();
    for (const key of ['a', 'b', 'a']) await map.insert({ key, value: key });
    const items = map.items();
    expect((await take(items, 2)).map(keyOf)).toEqual(['b', 'a']);
    const next = items.next();
    await map.remove('a');
    await map.insert({ key: 'c', value: 1 });
    expect((await next).value).toMatchObject({ key: 'c' });
  });

  it.each([
    [0, []],
    [2, ['a', 'b']],
    [4, ['a', 'b', 'c', 'd']],
  ])('items ends after a limit of %i (G8)', async (limit, expected) => {
    const map = await openMap();
    await map.insertMany(['a', 'b', 'c'].map((key) => ({ key, value: 1 })));
    const items = map.items({ limit });
    const taken = take(items, limit + 1);
    await map.insert({ key: 'd', value: 1 });
    expect((await taken).map(keyOf)).toEqual(expected);
    expect(map.subscriptions).toBe(0);
  });

  it.each([-1, 0.5, NaN])('items refuses a limit of %s (G8)', async (limit) => {
    const map = await openMap();
    expect(() => map.items({ limit })).toThrow(BadInputError);
  });

  it('items waits for a change, and ends at once when its reader leaves (G10)', async () => {
    const map = await openMap();
    const items = map.items();
    const waiting = items.next();
    expect(map.subscriptions).toBe(1);
    await items.return();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(map.subscriptions).toBe(0);
  });

  it.each<[string, (controller: AbortController, read: () => Promise<unknown>) => Promise<unknown>]>([
    [
      'while it waits',
      (controller, read) => {
        const reading = read();
        controller.abort();
        return reading;
      },
    ],
    ['before it reads', (controller, read) => (controller.abort(), read())],
  ])('items ends when the signal of its reader aborts %s (G10)', async (_, act) => {
    const map = await openMap();
    await map.insert({ key: 'a', value: 1 });
    const controller = new AbortController();
    const { cursor } = map.get('a') ?? {};
    const items = map.items({ signal: controller.signal, after: cursor });
    const ended = act(controller, () => items.next());
    // An item, so that a subscription that wrongly continues delivers it.
    await map.insert({ key: 'b', value: 1 });
    expect(await ended).toEqual({ value: undefined, done: true });
    expect(map.subscriptions).toBe(0);
  });

  it('items ends at once when its signal has already aborted (G10)', async () => {
    const map = await openMap();
    await map.insert({ key: 'a', value: 1 });
    expect(await take(map.items({ signal: AbortSignal.abort() }), 1)).toEqual([]);
  });

  it('items continues after a cursor, one by one (G4)', async () => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    await map.insert({ key: 'b', value: 1 });
    await map.insert({ key: 'b', value: 2 });
    const taken = await take(map.items({ after: cursor, limit: 2 }), 3);
    expect(taken.map(({ value }) => value)).toEqual([1, 2]);
  });

  it.each<[string, (cursor: string) => string, Thrown]>([
    ['no cursor', () => 'nonsense', BadInputError],
    ['the empty string', () => '', BadInputError],
    ['a cursor of another epoch', (cursor) => `zzzzzzzzzzzz${cursor.slice(12)}`, CursorExpiredError],
    ['a cursor with another digest', (cursor) => `${cursor.slice(0, -7)}0000000`, CursorExpiredError],
    ['a cursor ahead of the log', (cursor) => `${cursor.slice(0, 12)}-1z-0000000`, CursorExpiredError],
  ])('items does not continue after %s (G4)', async (_, made, error) => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    const read = async (): Promise<unknown> => take(map.items({ after: made(cursor) }), 1);
    await expect(read()).rejects.toThrow(error);
    expect(map.subscriptions).toBe(0);
  });

  it('items delivers to a reader that lags the items that are still current, or throws LAGGED with onLag FAIL (G5)', async () => {
    const map = await openMap({ window: 4 });
    const { cursor } = await map.insert({ key: 'a', value: 0 });
    for (let i = 0; i < 10; i++) await map.insert({ key: `k${i % 2}`, value: i });
    const conflated = await take(map.items({ after: cursor, limit: 4 }), 5);
    expect(conflated.map(({ value }) => value)).toEqual([6, 7, 8, 9]);
    const failing = take(map.items({ after: cursor, onLag: 'FAIL' }), 1);
    await expect(failing).rejects.toMatchObject({ code: 'LAGGED', missed: 6, cursor });
    await expect(take(map.items({ after: cursor, onLag: 'FAIL' }), 1)).rejects.toThrow(LaggedError);
    expect(map.counters.lagged).toBe(3);
  });

  it('items delivers 5,000 items that are inserted in one tick to a healthy reader', async () => {
    const map = await openMap<number>();
    const taken = take(map.items({ limit: 5000 }), 5001);
    const inserts = Array.from({ length: 5000 }, (_, value) => map.insert({ key: `k${value % 10}`, value }));
    await Promise.all(inserts);
    expect((await taken).map(({ value }) => value)).toEqual(Array.from({ length: 5000 }, (_, value) => value));
  });
});

describe('changes', () => {
  it('changes starts with the map, and continues with its changes (G6)', async () => {
    const map = await openMap();
    await map.insertMany(['a', 'b'].map((key) => ({ key, value: 1 })));
    const changes = map.changes();
    const [first] = await take(changes, 1);
    expect(first).toMatchObject({ reset: true, caughtUp: true, size: 2, checksum: map.replica.items.checksum });
    expect(first?.upserted.map(keyOf)).toEqual(['a', 'b']);
    const next = take(changes, 1);
    await map.remove('a');
    expect(await next).toMatchObject([
      { reset: false, upserted: [], removed: [{ key: 'a' }], caughtUp: true, size: 1 },
    ]);
    await changes.return();
    expect(map.subscriptions).toBe(0);
  });

  it('changes of an empty map starts at once with an empty message (G6)', async () => {
    const map = await openMap();
    expect(await take(map.changes(), 1)).toMatchObject([
      { reset: true, upserted: [], removed: [], caughtUp: true, size: 0, checksum: '00000000' },
    ]);
  });

  it('a message of changes has each key once, with its latest state (G6)', async () => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 0 });
    await map.insert({ key: 'b', value: 1 });
    await map.remove('b');
    await map.remove('a');
    await map.insert({ key: 'a', value: 2 });
    const [message] = await take(map.changes({ after: cursor }), 1);
    expect(message?.upserted).toMatchObject([{ key: 'a', value: 2 }]);
    expect(message?.removed).toMatchObject([{ key: 'b' }]);
  });

  it('the entries of a message of changes are in position order (G6)', async () => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'first', value: 0 });
    for (const key of ['a', 'b', 'c', 'a', 'd']) await map.insert({ key, value: 1 });
    for (const key of ['d', 'c']) await map.remove(key);
    const [message] = await take(map.changes({ after: cursor }), 1);
    expect(message?.upserted.map(keyOf)).toEqual(['b', 'a']);
    expect(message?.removed.map(keyOf)).toEqual(['d', 'c']);
  });

  it('changes after an expired cursor starts over with a reset (G4)', async () => {
    const map = await openMap();
    await map.insert({ key: 'a', value: 0 });
    const after = 'zzzzzzzzzzzz-11-0000000';
    expect(await take(map.changes({ after }), 1)).toMatchObject([{ reset: true, upserted: [{ key: 'a' }] }]);
    expect(() => map.changes({ after: 'nonsense' })).toThrow(BadInputError);
  });
});
