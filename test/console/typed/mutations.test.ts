import { buildSchema, type GraphQLError } from 'graphql';
import { CombinedError } from 'urql';
import { describe, expect, it } from 'vitest';
import type { Collection } from '../../../src/console/server/collections.ts';
import { draftOf, emptyDraft, keyOfDraft, variablesOf } from '../../../src/console/server/draft.ts';
import { failureOf } from '../../../src/console/server/failure.ts';
import { pageCollections } from '../../../src/transports/http/page-collections.ts';
import { typedSdl } from '../../support/described/typed-sdl.ts';

const [described] = pageCollections(buildSchema(typedSdl()));

/** The parts that drafts and failures are made of. */
const QUOTES = {
  isTyped: true,
  key: 'symbol',
  example: { input: described?.example.input ?? {}, mutation: '' },
} as Collection;
const ITEMS = { isTyped: false, key: 'key', example: { input: {}, mutation: '' } } as Collection;

const refusal = (message: string, extensions: object): CombinedError =>
  new CombinedError({
    graphQLErrors: [{ message, extensions }] as unknown as GraphQLError[],
  });

describe('The form of a typed collection', () => {
  it('the form begins with an input of all fields, which is a new item', () => {
    const draft = emptyDraft(QUOTES);
    expect(JSON.parse(draft.value)).toEqual(described?.example.input);
    expect(keyOfDraft(QUOTES, draft)).toBe('example');
    expect(variablesOf(QUOTES, { ...draft, ttl: '60' }, 'once')).toEqual({
      variables: { input: described?.example.input, ttl: 60, ifAbsent: false, idempotencyKey: 'once' },
    });
  });

  it('the draft of an item has no nulls, at any depth, and is an edit while its key stays', () => {
    const draft = draftOf(QUOTES, 'a', { symbol: 'a', venue: null, lines: [null, { count: 1, note: null }] });
    expect(JSON.parse(draft.value)).toEqual({ symbol: 'a', lines: [null, { count: 1 }] });
    expect(keyOfDraft(QUOTES, draft)).toBe(draft.edited?.key);
    expect(keyOfDraft(QUOTES, { ...draft, value: '{ "symbol": 5 }' })).toBe('5');
    for (const value of ['{', 'null', '[]', '{}']) expect(keyOfDraft(QUOTES, { ...draft, value })).toBeUndefined();
  });

  it('the draft of an Item keeps the nulls of its value', () => {
    const draft = draftOf(ITEMS, 'a', { b: null });
    expect(JSON.parse(draft.value)).toEqual({ b: null });
    expect(variablesOf(ITEMS, draft, 'once')).toEqual({
      variables: { input: { key: 'a', value: { b: null }, ttl: undefined, ifAbsent: false, idempotencyKey: 'once' } },
    });
  });

  it.each([
    { path: ['input', 'lines', 0, 'ttl'], message: 'too much', fields: { value: 'lines.0.ttl: too much' } },
    { path: ['input'], message: 'must have a key', fields: { value: 'must have a key' } },
    { path: ['ttl'], message: 'must be at least 1', fields: { ttl: 'must be at least 1' } },
    {
      path: [],
      message: 'Variable "$input" has invalid value at .lines[1].count: Int cannot represent non-integer value: 1.5',
      fields: { value: 'lines[1].count: Int cannot represent non-integer value: 1.5' },
    },
    {
      path: [],
      message:
        'Variable "$input" has invalid value: Expected value of type "QuoteInput" to include required field "price".',
      fields: { value: 'Expected value of type "QuoteInput" to include required field "price".' },
    },
    {
      path: [],
      message:
        'Variable "$input" got invalid value "a; b" at "input.lines[1].count"; Int cannot represent non-integer value: "a; b"',
      fields: { value: 'lines[1].count: Int cannot represent non-integer value: "a; b"' },
    },
    {
      path: [],
      message:
        'Variable "$input" got invalid value { symbol: "a" }; Field "price" of required type "Float!" was not provided.',
      fields: { value: 'Field "price" of required type "Float!" was not provided.' },
    },
    {
      path: [],
      message: 'Variable "$ttl" has invalid value: Int cannot represent it',
      fields: { ttl: 'Int cannot represent it' },
    },
  ])('a refused input is explained at its field: $message', ({ path, message, fields }) => {
    const error = refusal(message, { code: 'BAD_USER_INPUT', issues: [{ path, message }] });
    expect(failureOf(error, QUOTES)).toEqual({ fields });
  });

  it('an error about anything else is shown below the form', () => {
    const error = refusal('idempotencyKey: must not be empty', {
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['idempotencyKey'], message: 'must not be empty' }],
    });
    expect(failureOf(error, QUOTES)).toEqual({ fields: {}, text: 'idempotencyKey: must not be empty' });
    expect(failureOf(refusal('key already exists', { code: 'CONFLICT' }), QUOTES)).toEqual({
      fields: { value: 'The key already exists.' },
    });
  });
});
