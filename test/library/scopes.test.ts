/** Tenants of a user's server: each sees and writes only keys with its prefix, and the fan-out serves all of them. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FanOut } from '../../src/fanout/fan-out.ts';
import type { StreamScope } from '../../src/index.ts';
import { type Address, ask, request } from '../support/clients/clients.ts';
import { askAs, type Caller, createQuotes, doors, type Quotes, quoteSchema, serve } from '../support/server/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

const scope = ({ user }: Caller): StreamScope =>
  user === null ? { mayRead: false, mayWrite: false } : { keyPrefix: `${user}:` };

async function served(options: Parameters<typeof quoteSchema>[1] = { scope }): Promise<[Quotes, Address]> {
  const map = await createQuotes();
  await map.insertMany(['ada:1', 'bob:1', 'ada:2'].map((symbol) => ({ value: { symbol, price: 1 } })));
  return [map, await serve(quoteSchema(map, { queries: true, ...options }))];
}

const CHANGES = 'subscription { quoteChanges { reset upserted { symbol } removed { key } caughtUp size } }';

describe.each(doors)('over $name', ({ subscribe }) => {
  it('two tenants share the fan-out, and nothing of the other leaks', async () => {
    const shared = vi.spyOn(FanOut.prototype, 'subscribe');
    const [map, server] = await served();
    const feeds = ['ada', 'bob'].map((user) => subscribe(server, user, CHANGES));
    const first = await Promise.all(feeds.map((feed) => feed.next()));
    expect(first.map((result) => result?.data)).toEqual(
      [['ada:1', 'ada:2'], ['bob:1']].map((symbols) => ({
        quoteChanges: {
          reset: true,
          upserted: symbols.map((symbol) => ({ symbol })),
          removed: [],
          caughtUp: true,
          size: symbols.length,
        },
      })),
    );
    await map.remove('ada:1');
    await map.insert({ value: { symbol: 'bob:2', price: 2 } });
    const second = await Promise.all(feeds.map((feed) => feed.next()));
    expect(second.map((result) => result?.data)).toMatchObject([
      { quoteChanges: { upserted: [], removed: [{ key: 'ada:1' }], size: 1 } },
      { quoteChanges: { upserted: [{ symbol: 'bob:2' }], removed: [], size: 2 } },
    ]);
    expect(shared).toHaveBeenCalledTimes(2);
  });

  it('an item stream of a tenant has only keys with its prefix, whatever its filter asks for', async () => {
    const [, server] = await served();
    const query = 'subscription { quotes(limit: 1, filter: { keys: ["bob:1", "ada:2"] }) { symbol } }';
    const feed = subscribe(server, 'ada', query);
    expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'ada:2' } } });
    expect(await feed.next()).toBeUndefined();
  });
});

describe('a scope', () => {
  it('writes outside the prefix are FORBIDDEN, and nothing of a batch is written', async () => {
    const [map, server] = await served();
    const mutations = [
      'mutation { insertQuote(input: { symbol: "bob:9", price: 1 }) { symbol } }',
      'mutation { insertQuotes(inputs: [{ symbol: "ada:9", price: 1 }, { symbol: "bob:9", price: 1 }]) { symbol } }',
      'mutation { removeQuote(key: "bob:1") { key } }',
    ];
    for (const mutation of mutations) {
      const { errors } = await askAs(server, 'ada', mutation);
      expect(errors?.[0]).toMatchObject({
        message: 'not allowed: requires keys that begin with "ada:"',
        extensions: { code: 'FORBIDDEN' },
      });
    }
    expect([map.get('ada:9'), map.get('bob:9'), map.get('bob:1')?.key]).toEqual([undefined, undefined, 'bob:1']);
    const inside = 'mutation { insertQuote(input: { symbol: "ada:9", price: 1 }) { symbol } }';
    expect(await askAs(server, 'ada', inside)).toEqual({ data: { insertQuote: { symbol: 'ada:9' } } });
  });

  it('queries find nothing outside the prefix, and tell no size of the whole map', async () => {
    const [, server] = await served();
    const query = `{ theirs: quote(key: "bob:1") { symbol } ours: quote(key: "ada:1") { symbol }
      quotes { edges { node { symbol } } } quoteStream { size checksum } }`;
    expect(await askAs(server, 'ada', query)).toEqual({
      data: {
        theirs: null,
        ours: { symbol: 'ada:1' },
        quotes: { edges: ['ada:1', 'ada:2'].map((symbol) => ({ node: { symbol } })) },
        quoteStream: { size: null, checksum: null },
      },
    });
  });

  it('a caller without rights may neither read nor write', async () => {
    const [, server] = await served();
    for (const query of [
      '{ quotes { cursor } }',
      'mutation { insertQuote(input: { symbol: "a", price: 1 }) { symbol } }',
    ])
      expect((await request(server, query)).errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
  });

  it.each<[string, unknown]>([
    ['a keyPrefix that is undefined', { keyPrefix: undefined }],
    ['a promise', Promise.resolve({})],
  ])('%s fails, and opens nothing', async (_name, returned) => {
    const [, server] = await served({ scope: () => returned as StreamScope });
    const { data, errors } = await request<{ quotes: unknown }, object>(
      server,
      '{ quotes { edges { node { symbol } } } }',
    );
    expect(data?.quotes).toBeUndefined();
    expect(errors?.[0]?.message).toBe('Unexpected error.');
  });

  it('a right that is undefined is not granted', async () => {
    const [, server] = await served({ scope: () => ({ mayRead: undefined }) as unknown as StreamScope });
    const { errors } = await request(server, '{ quoteStream { size } }');
    expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
  });

  it('a caller without a scope may do everything', async () => {
    const [, server] = await served({});
    expect(await ask(server, '{ quoteStream { size } }')).toEqual({ quoteStream: { size: 3 } });
  });
});
