import { describe, expect, it, vi } from 'vitest';
import { FanOut } from '../../src/fanout/fan-out.ts';
import { ask, transports } from '../support/clients.ts';
import { createQuotes, quoteSchema, serve } from '../support/quotes.ts';

const QUOTES = 'subscription ($limit: Int) { quotes(limit: $limit) { symbol price } }';

describe.each([true, false])('a stream in a schema of one’s own (fan-out: %s)', (fanOut) => {
  describe.each(transports)('over $name', ({ subscribe }) => {
    it('delivers what is there, then what comes, and ends at the limit (G1, G3, G8)', async () => {
      const served = vi.spyOn(FanOut.prototype, 'subscribe');
      const map = await createQuotes();
      const server = await serve(quoteSchema(map), { fanOut });
      await map.insert({ value: { symbol: 'a', price: 1 } });
      const feed = subscribe(server, QUOTES, { limit: 3 });
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'a', price: 1 } } });
      await ask(server, 'mutation { insertQuotes(inputs: [{symbol: "b", price: 2}, {symbol: "ü", price: 3}]) { symbol } }');
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'b', price: 2 } } });
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'ü', price: 3 } } });
      expect(await feed.next()).toBeUndefined();
      expect(map.subscriptions).toBe(0);
      expect(served).toHaveBeenCalledTimes(fanOut ? 1 : 0);
    });
  });
});
