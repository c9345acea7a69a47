/** Documents are remembered by bytes: those that are valid and short. */
import { parse } from 'graphql';
import { createSchema, createYoga, type Plugin } from 'graphql-yoga';
import { describe, expect, it } from 'vitest';
import { KnownDocuments, rememberDocuments } from '../../src/transports/operations/known-documents.ts';

const MIB = 1024 * 1024;

describe('KnownDocuments', () => {
  it('the bytes of all documents stay below 16 MiB, however many there are, and the newest are known', () => {
    const known = new KnownDocuments<object>();
    const comment = `#${'x'.repeat(30_000)}`;
    for (let n = 0; n < 2000; n++) {
      const text = `{ a${n} } ${comment}`;
      known.set(text, parse(text), {});
    }
    expect(known.bytes).toBeGreaterThan(15 * MIB);
    expect(known.bytes).toBeLessThanOrEqual(16 * MIB);
    expect(known.get(`{ a1999 } ${comment}`)).toBeDefined();
    expect(known.get(`{ a0 } ${comment}`)).toBeUndefined();
  });

  it('a document is counted with its tokens, which take more than its text', () => {
    const known = new KnownDocuments<object>();
    const text = `{ ${'a '.repeat(1000)}}`;
    known.set(text, parse(text), {});
    expect(known.bytes).toBeGreaterThan(300_000);
  });

  it('a text of more than 32,768 characters is not remembered', () => {
    const known = new KnownDocuments<object>();
    for (const length of [32_768, 32_769]) {
      const text = `{ a } #`.padEnd(length, 'x');
      expect(known.lacks(text)).toBe(length === 32_768);
      known.set(text, parse(text), {});
      expect(known.get(text) !== undefined).toBe(length === 32_768);
    }
  });
});

describe('rememberDocuments', () => {
  /** A server that counts what it parses and validates. */
  function counting(): { ask: (query: string) => Promise<unknown>; counts: { parsed: number; validated: number } } {
    const counts = { parsed: 0, validated: 0 };
    const counter: Plugin = {
      onParse: ({ parseFn, setParseFn }) => {
        setParseFn((...args) => (counts.parsed++, parseFn(...args)));
      },
      onValidate: ({ validateFn, setValidationFn }) => {
        setValidationFn((...args) => (counts.validated++, validateFn(...args)));
      },
    };
    const schema = createSchema({ typeDefs: 'type Query { a: Int }' });
    const yoga = createYoga({ schema, parserAndValidationCache: false, plugins: [rememberDocuments(), counter] });
    const ask = async (query: string): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' };
      const response = await yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers,
        body: JSON.stringify({ query }),
      });
      return response.json();
    };
    return { ask, counts };
  }

  it.each([
    ['a valid document is parsed and validated once', '{ a }', { parsed: 1, validated: 1 }],
    ['a document that does not parse is parsed each time', '{ a', { parsed: 3, validated: 0 }],
    ['a document that is not valid is parsed and validated each time', '{ b }', { parsed: 3, validated: 3 }],
    ['a long document is parsed and validated each time', '{ a } #'.padEnd(33_000, 'x'), { parsed: 3, validated: 3 }],
  ])('%s', async (_, query, expected) => {
    const { ask, counts } = counting();
    const answers = [await ask(query), await ask(query), await ask(query)];
    expect(counts).toEqual(expected);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });
});
