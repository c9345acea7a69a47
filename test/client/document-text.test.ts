import fc from 'fast-check';
import { type DocumentNode, parse, print } from 'graphql';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { textOf } from '../../src/client/document-text.ts';
import { changesSubscription, itemsSubscription } from '../support/random/made-documents.ts';

const same = (document: DocumentNode): string => print(parse(textOf(document as never)));

it('the text of a document means the same as the document', () => {
  for (const text of [
    readFileSync('schema/operations.graphql', 'utf8'),
    `query ($a: [ID!]! = ["x", "\\"quoted\\" \\\\ \\n"], $b: Float = -1.5e3, $c: Boolean = false @a) @b(c: {}) {
       alias: f(a: $a, b: [], c: { d: null, e: ENUM, f: [1, { g: true }] }) @skip(if: $c) { ... on T @x { id } ... { id } }
       ...Spread @include(if: true)
     }
     fragment Spread on T @d { block(text: """a
       "block" of text""") }`,
    'mutation M { removeItem(key: "a") { key } }',
  ]) {
    const document = parse(text);
    // A text in a block is the same text in quotes.
    expect(same(document)).toBe(print(parse(print(document).replaceAll(/"""[^]*?"""/g, blockAsText))));
  }
});

const blockAsText = (block: string): string => {
  const [field] = (parse(`{ f(a: ${block}) }`).definitions[0] as never as { selectionSet: { selections: [Field] } })
    .selectionSet.selections;
  return JSON.stringify(field.arguments[0].value.value);
};

interface Field {
  readonly arguments: readonly [{ readonly value: { readonly value: string } }];
}

it('the text of a random document means the same as the document', () => {
  fc.assert(
    fc.property(fc.gen(), fc.boolean(), (gen, isChanges) => {
      const chooser = {
        below: (limit: number) => gen(fc.nat, { max: limit - 1 }),
        once: (times: number) => gen(fc.nat, { max: times - 1 }) === 0,
        // `nat` stays inside of a list that isn't empty.
        pick: <T>(of: readonly T[]) => of[gen(fc.nat, { max: of.length - 1 })]!,
      };
      const { query } = isChanges ? changesSubscription(chooser) : itemsSubscription(chooser);
      expect(same(parse(query))).toBe(print(parse(query)));
    }),
    { numRuns: 100 },
  );
});
