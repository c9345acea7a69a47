/** The collections of the server. The page of a server with an SDL file contains a description of them. */
import { gql, type TypedDocumentNode } from 'urql';
import {
  InsertItemDocument,
  ItemChangesDocument,
  RemoveItemDocument,
  StreamDocument,
  type StreamQuery,
} from '../../../schema/documents/graphql.ts';
import { PAGE_COLLECTIONS_ID, type PageCollection } from '../../described/page-collection.ts';
import type { DescribedField } from '../../described/type-tree.ts';

export type { DescribedField, DescribedType } from '../../described/type-tree.ts';

type Operation<Result = unknown> = TypedDocumentNode<Result, Record<string, unknown>>;

export interface Collection extends Pick<PageCollection, 'inputSdl' | 'example'> {
  readonly plural: string;
  /** The field that is the key. */
  readonly key: string;
  readonly hasIntKeys: boolean;
  /** False for `Item`, whose values are any JSON. */
  readonly isTyped: boolean;
  /** The fields of a typed value, the key first. */
  readonly fields: readonly DescribedField[];
  /** Their results have the names that they have for `Item`. */
  readonly documents: {
    readonly changes: string;
    readonly stream: Operation<StreamQuery>;
    readonly insert: Operation;
    readonly remove: Operation;
  };
}

/** The only collection of a server without an SDL file. */
const ITEM: PageCollection = {
  names: { name: 'Item', singular: 'item', plural: 'items', key: { name: 'key', type: 'ID' } },
  valueFields: [],
  inputSdl: '',
  documents: {
    changes: String(ItemChangesDocument),
    stream: String(StreamDocument),
    insertOne: String(InsertItemDocument),
    remove: String(RemoveItemDocument),
  },
  example: {
    input: { key: 'hello', value: { text: 'world' } },
    mutation: 'mutation { insertItem(input: { key: "hello", value: { text: "world" } }) { cursor } }',
    where: '{"path":"/status","eq":"open"}',
  },
};

function collectionOf(page: PageCollection): Collection {
  const { names, valueFields, inputSdl, example, documents } = page;
  const { plural, key } = names;
  const { changes, stream, insertOne, remove } = documents;
  const isKey = (field: DescribedField): boolean => field.name === key.name;
  return {
    plural,
    key: key.name,
    hasIntKeys: key.type === 'Int',
    isTyped: page !== ITEM,
    fields: [...valueFields.filter(isKey), ...valueFields.filter((field) => !isKey(field))],
    inputSdl,
    example,
    documents: { changes, stream: gql(stream), insert: gql(insertOne), remove: gql(remove) },
  };
}

/** At least one, in the order of the file. */
export const COLLECTIONS: readonly Collection[] = readPage();

function readPage(): Collection[] {
  const text = document.getElementById(PAGE_COLLECTIONS_ID)?.textContent;
  // The server writes the element, with at least one collection.
  const collections = text == null ? [ITEM] : (JSON.parse(text) as PageCollection[]);
  return collections.map(collectionOf);
}

/** The collection with this plural name; the first one if there is none. */
export function collectionNamed(plural: string): Collection {
  // The list has at least one.
  return COLLECTIONS.find((each) => each.plural === plural) ?? (COLLECTIONS[0] as Collection);
}
