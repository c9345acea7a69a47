/** A list in a value is as long as the value may be, on the path of graphql-js and on the fast path alike. */
import { expect, it } from 'vitest';
import { request } from '../../support/clients/clients.ts';
import { schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const INSERT = 'mutation ($input: SeriesInput!) { insertSeries(input: $input) { id } }';

it('a value with a list of 20,000 numbers is inserted, also by the first mutation with its document', async () => {
  const server = await startServer({
    schema: schemaFile('type Series @collection(key: "id", plural: "allSeries") { id: ID! points: [Int!] }'),
  });
  const input = { id: 'a', points: Array.from({ length: 20_000 }, () => 1) };
  for (let time = 0; time < 2; time++)
    expect(await request(server, INSERT, { input })).toEqual({ data: { insertSeries: { id: 'a' } } });
});

it('a variable that is a list of more than 2,000 inputs is refused before it is coerced', async () => {
  const server = await startServer({ schema: schemaFile('type Point @collection(key: "id") { id: ID! }') });
  const inputs = Array.from({ length: 2001 }, (_, id) => ({ id: String(id) }));
  const insert = 'mutation ($inputs: [PointInput!]!) { insertPoints(inputs: $inputs) { id } }';
  expect(await request(server, insert, { inputs })).toMatchObject({
    errors: [{ message: 'variable "$inputs" has a list of 2001 entries, more than 2000' }],
  });
});
