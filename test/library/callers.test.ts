/** Streams whose results depend on the caller. */
import { extendSchema, type GraphQLObjectType, parse } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { visibleChanges } from '../../schema/stream/visible.ts';
import type { Item, ItemChanges } from '../../src/core/model/change.ts';
import { FanOut } from '../../src/fanout/fan-out.ts';
import type { Result } from '../support/clients/clients.ts';
import { type Caller, askAs, createQuotes, doors, type Quote, quoteSchema, serve } from '../support/server/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

const forEyesOf = (quote: Quote, { user }: Caller): boolean => quote.owner === undefined || quote.owner === user;

interface Message {
  readonly reset: boolean;
  readonly upserted: readonly Quote[];
  readonly removed: readonly { readonly key: string; readonly reason: string }[];
  readonly size: number | null;
  readonly checksum: string | null;
}
type Changes = Result<{ quoteChanges: Message }>;

const CHANGES =
  'subscription { quoteChanges { reset upserted { symbol } removed { key reason } caughtUp cursor size checksum } }';
const entriesOf = ({ data }: Changes = {}): unknown => {
  const { upserted, removed } = data!.quoteChanges;
  return [...upserted.map(({ symbol }) => symbol), ...removed.map(({ key, reason }) => `${key} ${reason}`)];
};

describe.each(doors)('over $name', ({ subscribe }) => {
  it('with the fan-out, each subscriber gets its own value of a field that depends on the caller', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    const feeds = ['ada', 'bob'].map((user) => subscribe(server, user, 'subscription { quotes { symbol mine } }'));
    await map.insert({ value: { symbol: 'a', price: 1, owner: 'ada' } });
    const results = await Promise.all(feeds.map((feed) => feed.next()));
    expect(results.map((result) => result?.data)).toEqual([
      { quotes: { symbol: 'a', mine: true } },
      { quotes: { symbol: 'a', mine: false } },
    ]);
    expect(served).not.toHaveBeenCalled();
  });

  it('an exposed field with a wrapped resolver is not shared between callers', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const schema = quoteSchema(map);
    const price = (schema.getType('Quote') as GraphQLObjectType).getFields()['price'];
    // Permission layers wrap resolvers like this.
    price!.resolve = (quote: Quote, _args, { user }: Caller) => (user === 'ada' ? quote.price : null);
    const server = await serve(schema);
    await map.insert({ value: { symbol: 'a', price: 1 } });
    const feeds = ['ada', 'bob'].map((user) => subscribe(server, user, 'subscription { quotes { price } }'));
    const results = await Promise.all(feeds.map((feed) => feed.next()));
    expect(results.map((result) => result?.data)).toEqual([{ quotes: { price: 1 } }, { quotes: { price: null } }]);
    expect(served).not.toHaveBeenCalled();
  });

  it('a stream with a wrapped subscribe function is not shared between callers', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const schema = quoteSchema(map);
    const field = schema.getSubscriptionType()!.getFields()['quotes']!;
    const { subscribe: open } = field;
    async function* ownedBy(user: string | null, items: AsyncIterable<{ value: Quote }>) {
      for await (const item of items) if (item.value.owner === user) yield item;
    }
    field.subscribe = async (...given) =>
      ownedBy((given[2] as Caller).user, (await open!(...given)) as AsyncIterable<{ value: Quote }>);
    const server = await serve(schema);
    for (const [symbol, owner] of [
      ['a', 'bob'],
      ['b', 'ada'],
    ] as const)
      await map.insert({ value: { symbol, price: 1, owner } });
    const feed = subscribe(server, 'ada', 'subscription { quotes { symbol } }');
    expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'b' } } });
    expect(served).not.toHaveBeenCalled();
  });

  it.each(['isTypeOf', 'a custom directive'])(
    'a type or field that needs more of graphql-js is not shared: %s',
    async (what) => {
      const served = vi.spyOn(FanOut.prototype, 'subscribe');
      const map = await createQuotes();
      const schema = quoteSchema(map);
      const seen: unknown[] = [];
      if (what === 'isTypeOf')
        (schema.getType('Quote') as GraphQLObjectType).isTypeOf = (_quote, { user }: Caller) => seen.push(user) > 0;
      const server = await serve(
        what === 'isTypeOf' ? schema : extendSchema(schema, parse('directive @upper on FIELD')),
      );
      await map.insert({ value: { symbol: 'a', price: 1 } });
      const upper = what === 'isTypeOf' ? '' : '@upper';
      const feed = subscribe(server, 'ada', `subscription { quotes { symbol ${upper} } }`);
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'a' } } });
      expect(served).not.toHaveBeenCalled();
      expect(seen).toEqual(what === 'isTypeOf' ? ['ada'] : []);
    },
  );

  it('a field with a resolver is shared if its extensions say shared: true', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    await map.insert({ value: { symbol: 'a', price: 1 } });
    const feed = subscribe(server, 'ada', 'subscription { quotes { cents } }');
    expect(await feed.next()).toEqual({ data: { quotes: { cents: 100 } } });
    expect(served).toHaveBeenCalledOnce();
  });

  it('mayRead hides items from a caller, limits count visible items, and nothing is shared', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const server = await serve(quoteSchema(map, { mayRead: forEyesOf }));
    for (const [symbol, owner] of [
      ['a', 'ada'],
      ['b', 'bob'],
      ['c', undefined],
      ['d', 'ada'],
    ] as const)
      await map.insert({ value: { symbol, price: 1, ...(owner && { owner }) } });
    const query = 'subscription { quotes(limit: 2) { symbol } }';
    const [ada, bob] = ['ada', 'bob'].map((user) => subscribe<{ quotes: Quote }>(server, user, query));
    const symbols = async (feed: typeof ada): Promise<unknown[]> =>
      (await feed!.take(2)).map(({ data }) => data?.quotes.symbol);
    expect(await symbols(ada)).toEqual(['a', 'c']);
    expect(await symbols(bob)).toEqual(['b', 'c']);
    expect(await ada!.next()).toBeUndefined();
    expect(served).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(map.subscriptions).toBe(0), { timeout: 20_000 });
  });

  it('an item that mayRead hides is removed from the mirror, and other hidden keys are never sent (G6)', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map, { mayRead: forEyesOf }));
    const insert = (symbol: string, owner?: string) =>
      map.insert({ value: { symbol, price: 1, ...(owner && { owner }) } });
    await insert('shown');
    await insert('secret', 'bob');
    const feed = subscribe<Changes['data'] & object>(server, 'ada', CHANGES);
    const first = await feed.next();
    expect(entriesOf(first)).toEqual(['shown']);
    expect(first?.data?.quoteChanges).toMatchObject({ reset: true, size: null, checksum: null });
    await insert('secret', 'bob');
    await map.remove('secret');
    await insert('shown', 'bob');
    expect(entriesOf(await feed.next())).toEqual(['shown REMOVED']);
    await map.remove('shown');
    await insert('last', 'ada');
    expect(entriesOf(await feed.next())).toEqual(['last']);
    await map.remove('last');
    expect(entriesOf(await feed.next())).toEqual(['last REMOVED']);
  });
});

it('a reconnecting mirror with mayRead starts over, because the items it showed are unknown (G6)', async () => {
  const map = await createQuotes();
  const server = await serve(quoteSchema(map, { mayRead: forEyesOf }));
  const { cursor } = await map.insert({ value: { symbol: 'a', price: 1 } });
  const changes = `subscription { quoteChanges(after: "${cursor}") { reset upserted { symbol } removed { key reason } } }`;
  const [first] = await doors[0]!.subscribe<{ quoteChanges: Message }>(server, 'ada', changes).take(1);
  expect(first?.data?.quoteChanges.reset).toBe(true);
  expect(entriesOf(first)).toEqual(['a']);
});

it('a reset clears the keys that a mirror with mayRead has shown', async () => {
  const map = await createQuotes();
  const shown = await map.insert({ value: { symbol: 'a', price: 1 } });
  const hidden = await map.insert({ value: { symbol: 'a', price: 1, owner: 'bob' } });
  const message = { removed: [], caughtUp: true, cursor: hidden.cursor, follows: null, size: null, checksum: null };
  async function* messages(): AsyncGenerator<ItemChanges<Quote>, void, void> {
    yield { ...message, reset: true, upserted: [shown] };
    yield { ...message, reset: true, upserted: [] };
    yield { ...message, reset: false, upserted: [hidden] };
  }
  const counts: number[] = [];
  for await (const { upserted, removed } of visibleChanges(messages(), ({ owner }) => owner === undefined))
    counts.push(upserted.length, removed.length);
  expect(counts).toEqual([1, 0, 0, 0]);
});

it('a message of a mirror with mayRead follows the last one that the caller got, and only shown items cease to match', async () => {
  const map = await createQuotes();
  const [a, b, secret, c] = [
    await map.insert({ value: { symbol: 'a', price: 1 } }),
    await map.insert({ value: { symbol: 'b', price: 1 } }),
    await map.insert({ value: { symbol: 's', price: 1, owner: 'bob' } }),
    await map.insert({ value: { symbol: 'c', price: 1 } }),
  ];
  const unmatched = ({ key, position, digest, timestamp, cursor, following }: Item<Quote>) =>
    ({ key, position, digest, timestamp, cursor, following, reason: 'UNMATCHED' }) as const;
  const message = { reset: false, upserted: [], removed: [], caughtUp: true, size: 1, checksum: '00000000' };
  async function* messages(): AsyncGenerator<ItemChanges<Quote>, void, void> {
    yield { ...message, reset: true, upserted: [a, b], cursor: b.cursor, follows: null };
    yield { ...message, upserted: [secret], cursor: secret.cursor, follows: b.cursor };
    yield {
      ...message,
      removed: [unmatched(secret), unmatched(a)],
      upserted: [c],
      cursor: c.cursor,
      follows: secret.cursor,
    };
    yield { ...message, reset: true, cursor: c.cursor, follows: null };
  }
  const got: ItemChanges<Quote>[] = [];
  for await (const one of visibleChanges(messages(), ({ owner }) => owner === undefined)) got.push(one);
  expect(got.map(({ follows, removed }) => ({ follows, removed }))).toEqual([
    { follows: null, removed: [] },
    { follows: b.cursor, removed: [unmatched(a)] },
    { follows: null, removed: [] },
  ]);
});

describe('hooks of mutations', () => {
  const mine = ({ owner }: { owner?: string | null | undefined }, { user }: Caller): boolean => owner === user;
  const insert = 'mutation { insertQuote(input: { symbol: "a", price: 1, owner: "ada" }) { symbol } }';
  const remove = 'mutation { removeQuote(key: "a") { key reason } }';
  const forbidden = [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })];

  it('a mutation that mayWrite or mayRemove refuses writes nothing', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map, { mayWrite: mine, mayRemove: mine }));
    expect((await askAs(server, 'bob', insert)).errors).toEqual(forbidden);
    expect(map.get('a')).toBeUndefined();
    expect(await askAs(server, 'ada', insert)).toEqual({ data: { insertQuote: { symbol: 'a' } } });
    expect((await askAs(server, 'bob', remove)).errors).toEqual(forbidden);
    expect(map.get('a')).toBeDefined();
    expect(await askAs(server, 'ada', remove)).toEqual({ data: { removeQuote: { key: 'a', reason: 'REMOVED' } } });
    expect(await askAs(server, 'bob', remove)).toEqual({ data: { removeQuote: null } });
  });

  it('addStream with mayWrite and remove requires mayRemove', async () => {
    const map = await createQuotes();
    expect(() => quoteSchema(map, { mayWrite: mine })).toThrow(RangeError);
  });
});
