/** The collections of the server. The page of a server with an SDL file contains a description of them. */
import { gql, type TypedDocumentNode } from 'urql';
import { type DescribedCollection, ITEM } from '../../described/described-collection.ts';
import { documentsOf } from '../../described/documents.ts';
import { PAGE_COLLECTIONS_ID, type PageCollection } from '../../described/page-collection.ts';
import type { DescribedField } from '../../described/type-tree.ts';
import type { StreamQuery } from '../../../schema/documents/graphql.ts';

export type { DescribedField, DescribedType } from '../../described/type-tree.ts';

type Operation<Result = unknown> = TypedDocumentNode<Result, Record<string, unknown>>;

export interface Collection {
  readonly described: DescribedCollection;
  readonly name: string;
  readonly plural: string;
  /** The field that is the key. */
  readonly key: string;
  /** False for `Item`, whose values are any JSON. */
  readonly isTyped: boolean;
  /** The fields of a typed value, the key first. */
  readonly fields: readonly DescribedField[];
  /** An item to begin with: the input of its insertion, and a mutation that inserts it. */
  readonly example: { readonly input: object; readonly mutation: string };
  /** Their results have the names that they have for `Item`. */
  readonly documents: {
    readonly changes: string;
    readonly stream: Operation<StreamQuery>;
    readonly insert: Operation;
    readonly remove: Operation;
  };
}

const EXAMPLE = {
  input: { key: 'hello', value: { text: 'world' } },
  mutation: 'mutation { insertItem(input: { key: "hello", value: { text: "world" } }) { cursor } }',
};

function collectionOf(described: DescribedCollection, example: Collection['example']): Collection {
  const { name, plural, key } = described.names;
  const { changes, stream, insertOne, remove } = documentsOf(described, { hasItemRoots: true });
  const isKey = (field: DescribedField): boolean => field.name === key.name;
  const fields = [...described.valueFields.filter(isKey), ...described.valueFields.filter((field) => !isKey(field))];
  return {
    described,
    name,
    plural,
    key: key.name,
    isTyped: !described.isItem,
    fields,
    example,
    documents: { changes, stream: gql(stream), insert: gql(insertOne), remove: gql(remove) },
  };
}

/** At least one, in the order of the file. */
export const COLLECTIONS: readonly Collection[] = readPage();

function readPage(): Collection[] {
  const text = document.getElementById(PAGE_COLLECTIONS_ID)?.textContent;
  // The server writes the element.
  const typed = JSON.parse(text ?? '[]') as PageCollection[];
  if (typed.length === 0) return [collectionOf(ITEM, EXAMPLE)];
  return typed.map((each) => collectionOf(each, { input: each.example, mutation: each.exampleMutation }));
}

/** The collection with this plural name; the first one if there is none. */
export function collectionNamed(plural: string): Collection {
  // The list has at least one.
  return COLLECTIONS.find((each) => each.plural === plural) ?? (COLLECTIONS[0] as Collection);
}
