/** A map that is closed while a server uses it: no client may mistake that for the end of its stream. */
import { describe, expect, it, vi } from 'vitest';
import { transports } from '../support/clients/clients.ts';
import { createQuotes, type Quotes, quoteSchema, serve } from '../support/server/quotes.ts';
import { startServer } from '../support/server/server.ts';

const QUOTES = 'subscription ($limit: Int) { quotes(limit: $limit) { symbol } }';
const CHANGES = 'subscription { quoteChanges { upserted { symbol } caughtUp } }';

const unavailable = {
  errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }) })],
};

const subscribed = (map: { readonly subscriptions: number }, count: number): Promise<void> =>
  vi.waitFor(() => expect(map.subscriptions).toBe(count), { timeout: 20_000, interval: 5 });
const insert = (map: Quotes, symbol: string) => map.insert({ value: { symbol, price: 1 } });

describe.each(transports)('over $name', ({ subscribe }) => {
  describe.each([
    ['the fan-out', { fanOut: true }, {}],
    ['generators', { fanOut: false }, {}],
    ['generators with mayRead', { fanOut: true }, { mayRead: () => true }],
  ])('served by %s', (_, how, hooks) => {
    it.each([QUOTES, CHANGES])('waiting subscribers get ENGINE_UNAVAILABLE when the map closes: %s', async (query) => {
      const map = await createQuotes();
      const server = await serve(quoteSchema(map, hooks), how);
      await insert(map, 'a');
      const feeds = [1, 2].map(() => subscribe(server, query));
      for (const feed of feeds) expect((await feed.next())?.errors).toBeUndefined();
      const results = feeds.map((feed) => feed.next());
      await subscribed(map, 2);
      await map.close();
      for (const result of await Promise.all(results)) expect(result).toMatchObject(unavailable);
      await subscribed(map, 0);
    });

    it('slow subscribers get all items of a closed map before the error', async () => {
      const map = await createQuotes();
      const server = await serve(quoteSchema(map, hooks), how);
      const symbols = Array.from({ length: 900 }, (_symbol, index) => `s${index}`);
      await map.insertMany(symbols.map((symbol) => ({ value: { symbol, price: 1 } })));
      const feed = subscribe<{ quotes: { symbol: string } }, object>(server, QUOTES, {});
      const first = await feed.next();
      await map.close();
      const rest = await feed.take(symbols.length - 1);
      expect([first, ...rest].map((result) => result?.data?.quotes.symbol)).toEqual(symbols);
      expect(await feed.next()).toMatchObject(unavailable);
    });

    it('subscribers of a closed map get its items before the error, and a reached limit completes', async () => {
      const map = await createQuotes();
      const server = await serve(quoteSchema(map, hooks), how);
      await insert(map, 'a');
      await map.close();
      const [endless, limited] = [subscribe(server, QUOTES), subscribe(server, QUOTES, { limit: 1 })];
      expect(await endless.next()).toEqual({ data: { quotes: { symbol: 'a' } } });
      expect(await endless.next()).toMatchObject(unavailable);
      expect(await limited.next()).toEqual({ data: { quotes: { symbol: 'a' } } });
      expect(await limited.next()).toBeUndefined();
    });
  });

  it.each([true, false])(
    'createServer ends subscriptions of a closed map with the same error (fan-out: %s)',
    async (fanOut) => {
      const server = await startServer({ fanOut });
      const feeds = ['subscription { items { key } }', 'subscription { itemChanges { caughtUp } }'].map((query) =>
        subscribe(server, query),
      );
      const results = Promise.all(
        feeds.map(async (feed) => {
          let last;
          for (let next = await feed.next(); next; next = await feed.next()) last = next;
          return last;
        }),
      );
      await subscribed(server.map, 2);
      await server.map.insert({ key: 'a', value: 1 });
      await server.map.close();
      for (const result of await results) expect(result).toMatchObject(unavailable);
    },
  );
});
