/** Fields may have the names of methods that every JavaScript object inherits. */
import { describe, expect, it } from 'vitest';
import { ask, transports } from '../../support/clients/clients.ts';
import { mapOf, schemaFile, startCollections } from '../../support/server/collections.ts';

const SDL = `
type Quote @collection(key: "symbol") { symbol: ID! price: Float constructor: String place: Place }
type Place { toString: String lat: Float }
`;
const INSERT =
  'mutation ($inputs: [QuoteInput!]!) { insertQuotes(inputs: $inputs) { symbol constructor place { toString lat } } }';
const PAGE = 'query ($filter: QuoteFilter) { quotes(filter: $filter) { edges { node { symbol } } } }';
const STREAM =
  'subscription ($filter: QuoteFilter) { quotes(filter: $filter) { symbol constructor place { toString } } }';

describe.each(transports)('over $name', (transport) => {
  it.each([true, false])(
    'a field called constructor is null where an input leaves it out, and needs no condition in a filter, with fanOut: %s',
    async (fanOut) => {
      const server = await startCollections({ fanOut, schema: schemaFile(SDL) });
      const feed = transport.subscribe<object, object>(server, STREAM, {
        filter: { where: { price: { gt: 1 }, place: { lat: { lt: 5 } } } },
      });
      const inputs: object[] = [
        { symbol: 'A', price: 2, place: { lat: 1 } },
        { symbol: 'B', price: 1, constructor: 'b' },
      ];
      expect(await ask(server, INSERT, { inputs })).toEqual({
        insertQuotes: [
          { symbol: 'A', constructor: null, place: { toString: null, lat: 1 } },
          { symbol: 'B', constructor: 'b', place: null },
        ],
      });
      expect(mapOf(server, 'quotes').get('A')?.value).toEqual(inputs[0]);
      expect(await feed.take(1)).toEqual([
        { data: { quotes: { symbol: 'A', constructor: null, place: { toString: null } } } },
      ]);
      const found = (filter: object) => ask(server, PAGE, { filter });
      expect(await found({ where: { constructor: { eq: 'b' } } })).toEqual({
        quotes: { edges: [{ node: { symbol: 'B' } }] },
      });
      expect(await found({ where: { or: [{ price: { lt: 2 } }] } })).toEqual({
        quotes: { edges: [{ node: { symbol: 'B' } }] },
      });
    },
  );
});
