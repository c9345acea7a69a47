/** The fast path of insertions takes typed collections, and answers as the plain path does. */
import { describe, expect, it, vi } from 'vitest';
import { FastInserts } from '../../../src/transports/operations/fast-insert.ts';
import { post } from '../../support/clients/requests.ts';
import { mapOf, startCollections } from '../../support/server/collections.ts';

const ONE = 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { id symbol price venue } }';
const BATCH = 'mutation ($inputs: [OrderInput!]!) { insertOrders(inputs: $inputs) { number note } }';
const one = { query: ONE, variables: { input: { symbol: 'IBM', price: 1.5, venue: 'NYSE' } } };
const batch = {
  query: BATCH,
  variables: { inputs: [{ number: 1, note: 'a', lines: [{ product: 'x' }] }, { number: 2 }] },
};

/** The answer to the first request, and that to the same request again, with whether that took the fast path. */
async function twice(server: Awaited<ReturnType<typeof startCollections>>, body: object) {
  const start = vi.spyOn(FastInserts.prototype, 'start');
  const answer = async (): Promise<string> => (await post(server, body)).text();
  const [first, second] = [await answer(), await answer()];
  const isFast = start.mock.results.at(-1)?.value !== undefined;
  start.mockRestore();
  return { first, second, isFast };
}

describe('the fast path of typed insertions', () => {
  it.each([
    ['one item', one, { insertQuote: { id: 'IBM', symbol: 'IBM', price: 1.5, venue: 'NYSE' } }],
    [
      'a batch',
      batch,
      {
        insertOrders: [
          { number: 1, note: 'a' },
          { number: 2, note: null },
        ],
      },
    ],
  ])('%s is answered alike by both paths', async (_what, body, data) => {
    const { first, second, isFast } = await twice(await startCollections(), body);
    expect(isFast).toBe(true);
    expect(second).toBe(first);
    expect(JSON.parse(first)).toEqual({ data });
  });

  it('both paths store the same value', async () => {
    const server = await startCollections();
    const values: unknown[] = [];
    for (let at = 0; at < 2; at++) {
      await post(server, batch);
      values.push(mapOf(server, 'orders').get('1')?.value);
    }
    expect(values[0]).toEqual({ number: 1, lines: [{ product: 'x' }], note: 'a' });
    expect(JSON.stringify(values[1])).toBe(JSON.stringify(values[0]));
  });

  it.each([
    [
      'a further argument',
      'mutation ($input: QuoteInput!) { insertQuote(input: $input, ttl: 5) { id } }',
      one.variables,
    ],
    ['a list of objects in the answer', BATCH.replace('note', 'lines { product }'), batch.variables],
    ['a directive', ONE.replace('price', 'price @skip(if: false)'), one.variables],
    ['an input that is wrong', ONE, { input: { symbol: 'IBM', price: 'much' } }],
    ['an enum value that does not exist', ONE, { input: { symbol: 'IBM', price: 1, venue: 'MARS' } }],
    ['a member that does not exist', ONE, { input: { symbol: 'IBM', price: 1, size: 3 } }],
  ])('%s takes the plain path', async (_what, query, variables) => {
    const server = await startCollections();
    // A right one makes the document known.
    if (query === ONE) await post(server, one);
    const { first, second, isFast } = await twice(server, { query, variables });
    expect(isFast).toBe(false);
    expect(second).toBe(first);
  });
});
