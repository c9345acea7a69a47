/** Inputs of types with hundreds of fields, and wrong names of enums with hundreds of values: small requests that cost much. */
import { versionInfo } from 'graphql';
import { expect, it } from 'vitest';
import { post, resultOf } from '../../support/clients/requests.ts';
import { schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const FIELDS = Array.from({ length: 300 }, (_, n) => `f${n}: Int`).join(' ');
const COLOURS = Array.from({ length: 1000 }, (_, n) => `COLOUR_${n}`).join(' ');
const SDL = `type Row { ${FIELDS} } enum Colour { ${COLOURS} }
type Book @collection(key: "isbn") { isbn: ID! rows: [Row!] colours: [Colour!] }
type Table @collection(key: "id") { id: ID! ${FIELDS} }`;

async function resultFor(body: object) {
  const server = await startServer({ schema: schemaFile(SDL) });
  return resultOf(await post(server, body));
}

const many = (count: number, literal: string): string => Array.from({ length: count }, () => literal).join(' ');
const emptyObjects = (count: number): object[] => Array.from({ length: count }, () => ({}));

const FEWER = 'the types of the inputs in the document have more than 200000 fields, given or not: send fewer inputs';

it.each([
  ['a typed value', `mutation { insertBook(input: { isbn: "a", rows: [${many(1000, '{}')}] }) { isbn } }`],
  ['a filter', `{ tables(filter: { where: { or: [${many(1000, '{}')}] } }) { cursor } }`],
  [
    'a default',
    `query ($where: TableWhere = { or: [${many(1000, '{}')}] }) { tables(filter: { where: $where }) { cursor } }`,
  ],
])('a document with a thousand objects of 300 fields is refused before validation: %s', async (_, query) => {
  const { errors } = await resultFor({ query });
  expect(errors?.map(({ message, extensions }) => [message, extensions])).toEqual([
    [FEWER, { code: 'GRAPHQL_VALIDATION_FAILED' }],
  ]);
});

it('a filter in a variable with a thousand objects of 300 fields is refused before it is coerced', async () => {
  const query = 'query ($where: TableWhere) { tables(filter: { where: $where }) { cursor } }';
  const { errors } = await resultFor({ query, variables: { where: { or: emptyObjects(1000) } } });
  const message = 'has inputs that leave out more than 200000 fields of their types: send fewer inputs';
  expect(errors?.map((error) => [error.message, error.extensions])).toEqual([
    [`variable "$where" ${message}`, { code: 'BAD_USER_INPUT', issues: [{ path: ['where'], message }] }],
  ]);
});

it('a batch of 1,000 literals is inserted', async () => {
  const inputs = Array.from({ length: 1000 }, (_, n) => `{ isbn: "b${n}", rows: [] }`).join(' ');
  const { data, errors } = await resultFor({ query: `mutation { insertBooks(inputs: [${inputs}]) { isbn } }` });
  expect(errors).toBeUndefined();
  expect((data as { insertBooks?: unknown } | undefined)?.insertBooks).toHaveLength(1000);
});

const INSERT = 'mutation ($input: BookInput!) { insertBook(input: $input) { isbn } }';

it.each([
  [
    'literals',
    (count: number) => ({
      query: `mutation { insertBook(input: { isbn: "a", colours: [${many(count, 'COLOUR')}] }) { isbn } }`,
    }),
  ],
  [
    'variables',
    (count: number) => ({ query: INSERT, variables: { input: { isbn: 'a', colours: Array(count).fill('COLOUR') } } }),
  ],
])('errors suggest names for up to five wrong ones, in %s', async (_, bodyOf) => {
  const few = await resultFor(bodyOf(5));
  expect(few.errors).toHaveLength(5);
  for (const { message } of few.errors ?? []) expect(message).toContain('Did you mean');
  const lots = await resultFor(bodyOf(6));
  expect(lots.errors).toHaveLength(6);
  // graphql 16 has no option for it, and suggests names for variables.
  if (versionInfo.major < 17 && 'variables' in bodyOf(6)) return;
  for (const { message } of lots.errors ?? []) expect(message).not.toContain('Did you mean');
});

it.each([
  [30, 30],
  [300, 47],
])('of %d wrong literals %d errors at most tell, because each may quote the document', async (count, most) => {
  const query = `mutation { insertBook(input: { isbn: "a", rows: [${many(count, '{x: 1}')}] }) { isbn } }`;
  const { errors } = await resultFor({ query });
  expect(errors).toHaveLength(most);
  if (count > most) expect(errors?.at(-1)?.message).toMatch(/^Too many validation errors/);
});

it('a literal with more than 10 members that its type lacks is refused with one error', async () => {
  const unknown = Array.from({ length: 11 }, (_, n) => `x${n}: 1`).join(' ');
  const { errors } = await resultFor({ query: `mutation { insertBook(input: { isbn: "a" ${unknown} }) { isbn } }` });
  expect(errors?.map(({ message, extensions }) => [message, extensions])).toEqual([
    [
      "an input in the document has 11 members that BookInput doesn't have, more than 10: remove them",
      { code: 'GRAPHQL_VALIDATION_FAILED' },
    ],
  ]);
});
