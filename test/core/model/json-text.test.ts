import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPieces, JsonText, resultText } from '../../../src/core/model/json-text.ts';

const result = fc.object({
  maxDepth: 5,
  withNullPrototype: true,
  withDate: true,
  withBoxedValues: true,
  withSparseArray: true,
  values: [
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, NaN, -0, Symbol('omitted'), () => {}),
    fc.constant({ toJSON: (name: string) => ({ name }) }),
    fc.constant([undefined, () => {}, Symbol('null')]),
  ],
});

describe('the pieces of a JSON text', () => {
  it('the pieces together are what JSON.stringify makes, whatever their size', () => {
    fc.assert(
      fc.property(result, fc.integer({ min: 1, max: 40 }), (value, size) => {
        const pieces = [...jsonPieces(value, size)];
        expect(pieces.join('')).toBe(JSON.stringify(value));
        expect(resultText(value)).toBe(JSON.stringify(value));
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(size + 1);
          expect(Buffer.from(piece).toString()).toBe(piece);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a text that is JSON already is copied, also one that JSON.parse would round', () => {
    const value = {
      list: [new JsonText('{"a":  1e400}'), new JsonText('9007199254740993')],
      last: new JsonText('"😀"'),
    };
    const text = '{"list":[{"a":  1e400},9007199254740993],"last":"😀"}';
    expect(resultText(value)).toBe(text);
    for (let size = 1; size < text.length + 1; size++) expect([...jsonPieces(value, size)].join('')).toBe(text);
  });

  it('a value that is nested deep is written without recursion', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect([...jsonPieces(deep)].join('')).toBe(`${'['.repeat(100_000)}1${']'.repeat(100_000)}`);
  });

  it('no more of the value than one piece is read ahead', () => {
    let read = 0;
    const members = Array.from({ length: 1000 }, () => ({
      get text() {
        read++;
        return 'x'.repeat(100);
      },
    }));
    const pieces = jsonPieces(members, 1000);
    pieces.next();
    expect(read).toBeLessThan(20);
  });
});
