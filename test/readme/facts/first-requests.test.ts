/** The messages below "First requests" in docs/troubleshooting.md, each from the request that its row describes. */
import { describe, expect, it } from 'vitest';
import { resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { codesIn, rowsOf } from '../../support/tables.ts';

const JSON_TYPE = 'application/json';
const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';
const body = (fields: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': JSON_TYPE },
  body: JSON.stringify(fields),
});
const raw = (text: string, type = JSON_TYPE): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type },
  body: text,
});

/** By quoted message, a request that gets it; a text is the query of a GET. */
const REQUESTS: Readonly<Record<string, RequestInit | string>> = {
  'Syntax Error: Unexpected <EOF>': body({ query: ' ' }),
  'Syntax Error: Expected Name, found String …': body({
    query: 'mutation { insertItem(input: { key: "a", value: { "text": "hello" } }) { key } }',
  }),
  'Cannot query field "key" on type "ItemConnection"': body({ query: '{ items { key } }' }),
  'Variable "$input" of required type "InsertItemInput!" was not provided': body({ query: INSERT }),
  'Could not determine what operation to execute': body({
    query: 'query A { stream { size } } query B { stream { size } }',
  }),
  'Must provide query string': body({}),
  'the request is not valid JSON': raw("{'query':'{stream{size}}'}"),
  'send the body as application/json in UTF-8, not …': raw(
    '{"query":"{stream{size}}"}',
    'application/x-www-form-urlencoded',
  ),
  'Can only perform a mutation operation from a POST request': 'mutation{removeItem(key:"a"){key}}',
  'not a cursor of this server': body({ query: '{ items(after: "") { cursor } }' }),
  'the value of … has … bytes, more than …': body({
    query: INSERT,
    variables: { input: { key: 'a', value: 'x'.repeat(65_536) } },
  }),
};

/** Not an answer of GraphQL. */
const ELSEWHERE = ['not found: GraphQL is served at …', 'no matches found'];

describe('docs/troubleshooting.md, First requests', () => {
  it('each quoted message has a request here', () => {
    const symptoms = rowsOf('docs/troubleshooting.md', 'First requests').flatMap(([symptom]) => codesIn(symptom));
    const messages = symptoms.filter((code) => code.split(' ').length > 2);
    expect(messages.sort()).toEqual([...Object.keys(REQUESTS), ...ELSEWHERE].sort());
  });

  it.each(Object.entries(REQUESTS))('the message %j answers the request of its row', async (message, asked) => {
    const { url } = await startServer();
    const get = typeof asked === 'string' ? `?query=${encodeURIComponent(asked)}` : '';
    const { errors } = await resultOf(await fetch(`${url}${get}`, typeof asked === 'string' ? {} : asked));
    for (const part of message.split('…')) expect(errors?.[0]?.message).toContain(part.trim());
  });

  it('another path names the path of GraphQL', async () => {
    const { url } = await startServer();
    expect(await (await fetch(`${url}x`)).text()).toContain('not found: GraphQL is served at /graphql');
  });
});
