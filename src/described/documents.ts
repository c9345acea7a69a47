/** The documents by which clients read and write a collection. Their variables have the same names for all collections. */
import {
  InsertItemDocument,
  InsertItemsDocument,
  ItemChangesDocument,
  ItemDocument,
  ItemPageDocument,
  ItemsDocument,
  RemoveItemDocument,
  StreamDocument,
} from '../../schema/documents/graphql.ts';
import type { DescribedCollection } from './described-collection.ts';
import type { DescribedField, DescribedType } from './type-tree.ts';

/** The texts of operations that select all fields. `$key` is the key, whatever the collection calls it. */
export interface CollectionDocuments {
  /** Query with `$key`. */
  readonly get: string;
  /** Query with `$first`, `$after` and `$filter`: a connection. */
  readonly page: string;
  /** Query of the stream's status. */
  readonly stream: string;
  /** Subscription with `$limit`, `$after`, `$filter` and `$onLag`. */
  readonly items: string;
  /** Subscription with `$after` and `$filter`. */
  readonly changes: string;
  /** Mutation with `$input`. Typed collections also take `$ttl`, `$idempotencyKey`, `$ifAbsent` and `$ifCursor`, which `Item` has in its input. */
  readonly insertOne: string;
  /** Mutation with `$inputs`. Typed collections also take `$ttl` and `$idempotencyKey`. */
  readonly insertMany: string;
  /** Mutation with `$key`, `$ifCursor` and `$idempotencyKey`. */
  readonly remove: string;
  /** The root field of each of the documents, under which its results are. */
  readonly roots: Readonly<Record<Exclude<keyof CollectionDocuments, 'roots'>, string>>;
}

const OF_ITEM: CollectionDocuments = {
  get: String(ItemDocument),
  page: String(ItemPageDocument),
  stream: String(StreamDocument),
  items: String(ItemsDocument),
  changes: String(ItemChangesDocument),
  insertOne: String(InsertItemDocument),
  insertMany: String(InsertItemsDocument),
  remove: String(RemoveItemDocument),
  roots: {
    get: 'item',
    page: 'items',
    stream: 'stream',
    items: 'items',
    changes: 'itemChanges',
    insertOne: 'insertItem',
    insertMany: 'insertItems',
    remove: 'removeItem',
  },
};

export interface DocumentOptions {
  /**
   * Gives root fields the names that they have for `Item`, so that results are under `item`, `items`, `itemChanges` and so on.
   * @default false
   */
  readonly hasItemRoots?: boolean;
}

/** For the collection of a server without an SDL file, exactly the documents that the server and its clients share. */
export function documentsOf(
  collection: DescribedCollection,
  { hasItemRoots = false }: DocumentOptions = {},
): CollectionDocuments {
  if (collection.isItem) return OF_ITEM;
  const { name, singular, plural, key } = collection.names;
  const own: CollectionDocuments['roots'] = {
    get: singular,
    page: plural,
    stream: `${singular}Stream`,
    items: plural,
    changes: `${singular}Changes`,
    insertOne: `insert${name}`,
    insertMany: `insert${capitalised(plural)}`,
    remove: `remove${name}`,
  };
  const root = (of: keyof CollectionDocuments['roots']): string =>
    hasItemRoots ? `${OF_ITEM.roots[of]}: ${own[of]}` : own[of];
  const fragments = `

fragment ${name}Fields on ${name} ${selectionOf(collection.fields, '')}`;
  const fields = `...${name}Fields`;
  return {
    roots: hasItemRoots ? OF_ITEM.roots : own,
    get: `query ${name}($key: ${key.type}!) {
  ${root('get')}(${key.name}: $key) {
    ${fields}
  }
}${fragments}`,
    page: `query ${name}Page($first: Int = 100, $after: String, $filter: ${name}Filter) {
  ${root('page')}(first: $first, after: $after, filter: $filter) {
    edges {
      cursor
      node {
        ${fields}
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
    cursor
  }
}${fragments}`,
    stream: `query ${name}Stream {
  ${root('stream')} {
    epoch
    cursor
    size
    checksum
    window
    engine
  }
}`,
    items: `subscription ${capitalised(plural)}($limit: Int, $after: String, $filter: ${name}Filter, $onLag: OnLag! = CONFLATE) {
  ${root('items')}(limit: $limit, after: $after, filter: $filter, onLag: $onLag) {
    ${fields}
  }
}${fragments}`,
    changes: `subscription ${name}Changes($after: String, $filter: ${name}Filter) {
  ${root('changes')}(after: $after, filter: $filter) {
    reset
    upserted {
      ${fields}
    }
    removed {
      ${REMOVED}
    }
    caughtUp
    cursor
    follows
    size
    checksum
  }
}${fragments}`,
    insertOne: `mutation Insert${name}($input: ${name}Input!, $ttl: Int, $idempotencyKey: String, $ifAbsent: Boolean, $ifCursor: String) {
  ${root('insertOne')}(input: $input, ttl: $ttl, idempotencyKey: $idempotencyKey, ifAbsent: $ifAbsent, ifCursor: $ifCursor) {
    ${fields}
  }
}${fragments}`,
    insertMany: `mutation Insert${capitalised(plural)}($inputs: [${name}Input!]!, $ttl: Int, $idempotencyKey: String) {
  ${root('insertMany')}(inputs: $inputs, ttl: $ttl, idempotencyKey: $idempotencyKey) {
    ${fields}
  }
}${fragments}`,
    remove: `mutation Remove${name}($key: ${key.type}!, $ifCursor: String, $idempotencyKey: String) {
  ${root('remove')}(${key.name}: $key, ifCursor: $ifCursor, idempotencyKey: $idempotencyKey) {
    ${REMOVED}
  }
}`,
  };
}

const REMOVED = 'key reason timestamp cursor';

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function selectionOf(fields: readonly DescribedField[], indent: string): string {
  const lines = fields.map(({ name, type }) => {
    const nested = fieldsIn(type);
    return `${indent}  ${name}${nested ? ` ${selectionOf(nested, `${indent}  `)}` : ''}`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function fieldsIn(type: DescribedType): readonly DescribedField[] | undefined {
  if (type.kind === 'list') return fieldsIn(type.of);
  return type.kind === 'object' ? type.fields : undefined;
}
