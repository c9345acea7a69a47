/** What variables with typed inputs may have, and where an error says that they are wrong. */
import { expect, it } from 'vitest';
import { post, resultOf } from '../../support/clients/requests.ts';
import { schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const FIELDS = Array.from({ length: 300 }, (_, n) => `f${n}: Int`).join(' ');
const SDL = `type Book @collection(key: "isbn") { isbn: ID! pages: [Int!] tags: [String!] rows: [Row!] }
type Row { ${FIELDS} }`;
const INSERT = 'mutation ($input: BookInput!) { insertBook(input: $input) { isbn } }';
const BATCH = 'mutation ($inputs: [BookInput!]!) { insertBooks(inputs: $inputs) { isbn } }';

async function resultFor(query: string, variables: object) {
  const server = await startServer({ schema: schemaFile(SDL) });
  return resultOf(await post(server, { query, variables }));
}

it('a list in a typed value is bounded by the bytes of the value, not by its length', async () => {
  const pages = Array.from({ length: 10_000 }, (_, n) => n % 10);
  // An object without most of its fields takes the plain path of insertions.
  expect(await resultFor(INSERT, { input: { isbn: 'a', pages, rows: [{}] } })).toEqual({
    data: { insertBook: { isbn: 'a' } },
  });
});

it('a megabyte of empty objects of a type with 300 fields is refused before it is coerced', async () => {
  const rows = Array.from({ length: 2000 }, () => ({}));
  const inputs = Array.from({ length: 100 }, (_, n) => ({ isbn: `i${n}`, rows }));
  const { errors } = await resultFor(BATCH, { inputs });
  const message = 'has inputs that leave out more than 200000 fields of their types: send fewer inputs';
  expect(errors?.map((error) => [error.message, error.extensions])).toEqual([
    [`variable "$inputs" ${message}`, { code: 'BAD_USER_INPUT', issues: [{ path: ['inputs'], message }] }],
  ]);
});

it.each([
  ['a wrong element', INSERT, { input: { isbn: 'a', rows: [{}, { f7: 1.5 }] } }, ['input', 'rows', 1, 'f7']],
  ['an unknown member', INSERT, { input: { isbn: 'a', rows: [{ x: 1 }] } }, ['input', 'rows', 0]],
  [
    'a null in a list',
    BATCH,
    { inputs: [{ isbn: 'a', tags: ['" at "inputs[9]"; ', null] }] },
    ['inputs', 0, 'tags', 1],
  ],
  ['a text that looks like a place', INSERT, { input: { isbn: 'a', rows: ' at "input.x"; ' } }, ['input', 'rows']],
  ['a missing variable', INSERT, {}, ['input']],
  ['a null', INSERT, { input: null }, ['input']],
])('an error of a variable says where it is: %s', async (_, query, variables, path) => {
  const { errors } = await resultFor(query, variables);
  expect(errors?.map(({ extensions }) => extensions)).toEqual([
    { code: 'BAD_USER_INPUT', issues: [{ path, message: expect.any(String) as string }] },
  ]);
});
