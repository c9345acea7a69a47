/** A collection in Graphcache: its entities, and the fragments that write what the cache stores about them. */
import { gql, type TypedDocumentNode } from '@urql/core';
import { type Collection, ITEMS } from '../collections.ts';
import type { Fields } from './graphcache-fields.ts';

export interface CachedCollection extends Collection {
  /** The entity that holds the items that came live. */
  readonly live: string;
  readonly version: TypedDocumentNode;
  readonly told: TypedDocumentNode;
  readonly entityOf: (key: string) => string;
  readonly keyOfEntity: (entity: string) => string;
  /** An item with its key alone. */
  readonly dataOf: (key: string) => Fields & { readonly __typename: string };
  /** The fields that are the key as a text, so that the entity tells them. */
  readonly keyFields: readonly string[];
  /** The other fields of an item, which differ from version to version. */
  readonly versioned: (item: Fields) => Fields;
  /** The names of these fields; undefined if they are not known. */
  readonly fields: readonly string[] | undefined;
}

const ITEM_FIELDS = ['value', 'timestamp', 'expiresAt', 'cursor'];

export function cachedCollection(collection: Collection): CachedCollection {
  const { name, plural, key } = collection;
  const prefix = `${name}:`;
  const fields = collection === ITEMS ? ITEM_FIELDS : undefined;
  const keyFields = fields ? ['id', 'key'] : key === undefined ? ['id'] : [];
  const isVersioned = (field: string): boolean =>
    fields ? fields.includes(field) : !field.startsWith('__') && !keyFields.includes(field);
  return {
    ...collection,
    fields,
    keyFields,
    live: `Live:${plural}`,
    version: gql(`fragment ${name}Version on ${name} { __version(cursor: $cursor) }`),
    told: gql(`fragment ${name}Told on ${name} { __told(where: $where, cursor: $cursor) }`),
    entityOf: (of) => prefix + of,
    keyOfEntity: (entity) => entity.slice(prefix.length),
    dataOf: (of) => ({ __typename: name, [key ?? 'id']: of }),
    versioned: (item) =>
      Object.fromEntries(Object.entries(item).filter(([field, value]) => isVersioned(field) && value !== undefined)),
  };
}
