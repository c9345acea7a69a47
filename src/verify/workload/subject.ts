/** The collection that is verified, in the terms of the checker: it knows items by their key, and values as JSON texts. */
import { TypedDocumentString } from '../../../schema/documents/graphql.ts';
import type { DescribedCollection } from '../../described/described-collection.ts';
import { documentsOf } from '../../described/documents.ts';
import {
  type Entry,
  entryOf,
  type Filter,
  type RemovedEntry,
  type WriteInput,
  type WriteResult,
} from '../check/history.ts';
import type { ValueFilter } from '../check/value-filter.ts';
import type { Dice } from './dice.ts';
import { madeValue, plainValue, WHERE_KINDS, whereFilter } from './made-values.ts';

/** The keys of a round. */
export interface RoundKeys {
  /** All of them begin with it. */
  readonly prefix: string;
  /** The keys that the writers change. */
  readonly keys: readonly string[];
  /** A digit after it makes a prefix of some of `keys`. */
  readonly stem: string;
  /** Keys that no writer changes: they make the snapshot long enough to be cut inside it. */
  readonly stillKeys: readonly string[];
}

export interface KeyCounts {
  readonly keys: number;
  readonly stillKeys: number;
}

export interface Subject {
  readonly documents: SubjectDocuments;
  /** Random for each run. */
  readonly runId: string;
  /** What the keys of a run begin with. */
  readonly runPrefix: string;
  readonly roundKeys: (number: number, counts: KeyCounts) => RoundKeys;
  readonly keyVariable: (key: string) => string | number;
  /** Of an item as the documents deliver it. */
  readonly entryOf: (item: object) => Entry;
  /** A value of a writer, as JSON. `id` identifies the write. */
  readonly madeValue: (dice: Dice, id: string) => string;
  /** The value of the run itself for the nth key, as JSON: the same whenever the call is repeated. */
  readonly plainValue: (n: number) => string;
  readonly whereFilter: (dice: Dice) => ValueFilter;
  /** A filter of each kind: a round has them all, however short it is. */
  readonly whereKinds: readonly ((dice: Dice) => ValueFilter)[];
  readonly filterVariable: (filter: Filter | null) => object | null;
  readonly insertOneVariables: (input: WriteInput) => object;
  readonly insertManyVariables: (inputs: readonly WriteInput[]) => object;
}

export interface Status {
  readonly epoch: string;
  readonly window: number;
  readonly size: number | null;
}

export interface DeliveredChanges {
  readonly reset: boolean;
  readonly upserted: readonly object[];
  readonly removed: readonly RemovedEntry[];
  readonly caughtUp: boolean;
  readonly cursor: string;
  readonly follows?: string | null;
  readonly size: number | null;
  readonly checksum: string | null;
}

interface DeliveredPage {
  readonly edges: readonly { readonly node: object }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly cursor: string;
}

/** The root fields are those of `Item`, whatever the collection. */
export interface SubjectDocuments {
  readonly get: TypedDocumentString<{ readonly item: (object & { readonly expiresAt: string | null }) | null }, object>;
  readonly page: TypedDocumentString<{ readonly items: DeliveredPage }, object>;
  readonly stream: TypedDocumentString<{ readonly stream: Status }, object>;
  readonly items: TypedDocumentString<{ readonly items: object }, object>;
  readonly changes: TypedDocumentString<{ readonly itemChanges: DeliveredChanges }, object>;
  readonly insertOne: TypedDocumentString<{ readonly insertItem: WriteResult }, object>;
  readonly insertMany: TypedDocumentString<{ readonly insertItems: readonly WriteResult[] }, object>;
  readonly remove: TypedDocumentString<{ readonly removeItem: WriteResult | null }, object>;
}

export function subjectDocuments(collection: DescribedCollection): SubjectDocuments {
  const { get, page, stream, items, changes, insertOne, insertMany, remove } = documentsOf(collection, {
    hasItemRoots: true,
  });
  return {
    get: new TypedDocumentString(get),
    page: new TypedDocumentString(page),
    stream: new TypedDocumentString(stream),
    items: new TypedDocumentString(items),
    changes: new TypedDocumentString(changes),
    insertOne: new TypedDocumentString(insertOne),
    insertMany: new TypedDocumentString(insertMany),
    remove: new TypedDocumentString(remove),
  };
}

/** Keys that are texts. `runId`: eight hexadecimal digits. */
export function textKeys(runId: string): Pick<Subject, 'runId' | 'runPrefix' | 'roundKeys'> {
  const runPrefix = `verify-${runId}-`;
  return {
    runId,
    runPrefix,
    roundKeys: (number, { keys, stillKeys }) => {
      const prefix = `${runPrefix}${number}-`;
      return {
        prefix,
        keys: Array.from({ length: keys }, (_, n) => `${prefix}k${n}`),
        stem: `${prefix}k`,
        stillKeys: Array.from({ length: stillKeys }, (_, n) => `${prefix}still-${n}`),
      };
    },
  };
}

/** The collection of a server without an SDL file. */
export function itemSubject(collection: DescribedCollection, runId: string): Subject {
  const inputOf = ({ value, ...input }: WriteInput): object => ({
    ...input,
    value: JSON.parse(value ?? 'null') as unknown,
  });
  return {
    ...textKeys(runId),
    documents: subjectDocuments(collection),
    keyVariable: (key) => key,
    // The documents select these fields.
    entryOf: (item) => entryOf(item as Parameters<typeof entryOf>[0]),
    madeValue,
    plainValue,
    whereFilter,
    whereKinds: WHERE_KINDS,
    filterVariable: (filter) => filter,
    insertOneVariables: (input) => ({ input: inputOf(input) }),
    insertManyVariables: (inputs) => ({ inputs: inputs.map(inputOf) }),
  };
}
