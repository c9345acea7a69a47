/** The types of `seamline/client`. `tsc` checks this file; nothing here runs. */
import type { TypedDocumentNode } from '@apollo/client';
import type { DocumentNode } from 'graphql';
import { describe, expectTypeOf, test } from 'vitest';
import { ItemChangesDocument, type TypedDocumentString } from '../../schema/documents/graphql.ts';
import { type Mirror, mirror, type MirroredItem, type SubscriptionClient } from '../../src/client/index.ts';
import { useItems } from '../../src/client/react.ts';

declare const client: SubscriptionClient;

interface Quote {
  __typename?: 'Quote';
  id: string;
  symbol: string;
  venue?: 'NYSE' | 'LSE' | null;
  cursor: string;
}

/** As codegen writes it. */
type Changes<Item> = {
  __typename?: 'Subscription';
  quoteChanges: {
    __typename?: 'QuoteChanges';
    reset: boolean;
    upserted: Array<Item>;
    removed: Array<{ key: string; reason: 'REMOVED' | 'EXPIRED' }>;
    caughtUp: boolean;
    cursor: string;
    follows?: string | null;
    size?: number | null;
    checksum?: string | null;
  };
};

type Variables = { after?: string | null; filter?: { where?: { venue?: { eq?: 'NYSE' | 'LSE' } } } | null };

declare const asNode: TypedDocumentNode<Changes<Quote>, Variables>;
declare const asString: TypedDocumentString<Changes<Quote>, Variables>;

describe('mirror', () => {
  test('the items of a mirror without a document have a value of the given type', () => {
    expectTypeOf(mirror<number>(client)).toEqualTypeOf<Mirror<number>>();
    expectTypeOf(mirror(client, { filter: { keyPrefix: 'a' } }).items).toEqualTypeOf<
      ReadonlyMap<string, MirroredItem>
    >();
  });

  test('the items of a mirror have the fields that its document selects', () => {
    const variables = { filter: { where: { venue: { eq: 'NYSE' } } } } as const;
    for (const mirrored of [mirror(client, variables, asNode), mirror(client, variables, asString)]) {
      expectTypeOf(mirrored.items).toEqualTypeOf<ReadonlyMap<string, Quote>>();
      expectTypeOf(mirrored.getSnapshot().items.get('a')?.venue).toEqualTypeOf<'NYSE' | 'LSE' | null | undefined>();
      mirrored.subscribe(({ changes }) => {
        expectTypeOf(changes?.removed[0]?.reason).toEqualTypeOf<'REMOVED' | 'EXPIRED' | undefined>();
      });
    }
    expectTypeOf(useItems(client, {}, asString).items).toEqualTypeOf<ReadonlyMap<string, Quote>>();
    expectTypeOf(mirror(client, {}, ItemChangesDocument).items.get('a')?.value).toBeUnknown();
  });

  test('the variables are those of the document', () => {
    mirror(client, { filter: { where: { venue: { eq: 'LSE' } } } }, asNode);
    // @ts-expect-error No such venue.
    mirror(client, { filter: { where: { venue: { eq: 'XETRA' } } } }, asNode);
    // @ts-expect-error No such variable.
    useItems(client, { keyPrefix: 'a' }, asString);
  });

  test('a document without what a mirror needs is refused', () => {
    type Part = Omit<Changes<Quote>['quoteChanges'], 'caughtUp'>;
    // @ts-expect-error It does not select caughtUp.
    mirror(client, {}, {} as TypedDocumentString<{ quoteChanges: Part }, Variables>);
  });

  test('an item without an id needs the option key', () => {
    const document = {} as TypedDocumentString<Changes<{ symbol: string }>, Variables>;
    // @ts-expect-error Its key is unknown.
    mirror(client, {}, document);
    const mirrored = mirror(client, {}, document, { key: ({ symbol }) => symbol });
    expectTypeOf(mirrored.items).toEqualTypeOf<ReadonlyMap<string, { symbol: string }>>();
    // @ts-expect-error No such field.
    useItems(client, {}, document, { key: ({ price }) => price });
  });

  test('the items of a document without types have unknown fields, unless the type of the result is given', () => {
    expectTypeOf(mirror(client, { a: 1 }, 'subscription { … }').items.get('a')?.['price']).toBeUnknown();
    expectTypeOf(mirror(client, {}, {} as DocumentNode).items.get('a')?.['price']).toBeUnknown();
    expectTypeOf(mirror<Changes<Quote>>(client, {}, 'subscription { … }').items).toEqualTypeOf<
      ReadonlyMap<string, Quote>
    >();
  });
});
