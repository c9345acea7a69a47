/**
 * Type policies of items for Apollo's InMemoryCache. Results arrive in any order: a mutation's result over HTTP may arrive after newer
 * items of the stream. The cursors decide: an item older than the cached one is stored under an id that nothing refers to.
 */
import type { Reference, StoreObject, TypePolicies, TypePolicy } from '@apollo/client';
import { type Collection, type CollectionOptions, collectionOf, ITEMS } from '../collections.ts';
import { isOlder } from '../resuming/cursors.ts';
import { merging } from './apollo-changes.ts';
import { type MergeOptions, pagesOf, type ReadOptions } from './apollo-pages.ts';

/** Options of {@link createTypePolicies}. */
export interface TypePoliciesOptions {
  /**
   * The collections of the server, by name or with their names: those of its SDL file, or of `addStream`. `Item` is the collection of a server
   * without an SDL file.
   *
   * @default ['Item']
   */
  readonly collections?: readonly (string | CollectionOptions)[] | undefined;
}

/**
 * Type policies for Apollo's cache. They keep the newest version of each item, merge pages of each collection, and apply removals and resets.
 * Select `id` and `cursor` of items, and `key` and `cursor` of removals: without a cursor, the last result to arrive wins. With a filter on values select
 * `reason` of removals as well: an item that the filter doesn't select any more leaves the lists with this `where`, and stays in the cache.
 *
 * @example
 * ```ts
 * const typePolicies = createTypePolicies({ collections: ['Quote', { name: 'Company', plural: 'companies' }] });
 * const cache = new InMemoryCache({ typePolicies });
 * ```
 */
export function createTypePolicies({ collections = [ITEMS.name] }: TypePoliciesOptions = {}): TypePolicies {
  const policies = collections.map(collectionOf).map(policiesOf);
  const fieldsOf = (type: 'Query' | 'Mutation' | 'Subscription'): TypePolicy => ({
    fields: Object.assign({}, ...policies.map((each) => each[type])) as NonNullable<TypePolicy['fields']>,
  });
  return {
    ...(Object.assign({}, ...policies.map(({ types }) => types)) as TypePolicies),
    // A removal is stored by the collection that it belongs to.
    RemovedItem: { keyFields: false },
    Query: fieldsOf('Query'),
    Mutation: fieldsOf('Mutation'),
    Subscription: fieldsOf('Subscription'),
  };
}

/**
 * Type policies of `Item`, for a server without an SDL file; see {@link createTypePolicies}.
 *
 * @example
 * ```ts
 * const cache = new InMemoryCache({ typePolicies });
 * ```
 */
export const typePolicies: TypePolicies = createTypePolicies();

function policiesOf(collection: Collection) {
  const { name, singular, plural, key } = collection;
  const { readPages, mergePages } = pagesOf(collection);
  const { mergeChanges, mergeLiveItem, mergeRemoval } = merging(collection);
  return {
    types: { [name]: { keyFields: keyFieldsOf(collection) } },
    Query: {
      [singular]: { ...(key !== undefined && { keyArgs: [key] }), ...itemField(name) },
      [plural]: { keyArgs: ['filter'], read: readPages, merge: mergePages },
    },
    Mutation: { [`remove${name}`]: { merge: mergeRemoval } },
    Subscription: { [plural]: { merge: mergeLiveItem }, [`${singular}Changes`]: { merge: mergeChanges } },
  };
}

type KeyFieldsFunction = Extract<TypePolicy['keyFields'], (...args: never[]) => unknown>;

function keyFieldsOf({ name, keyOf }: Collection): KeyFieldsFunction {
  return (object, { readField, selectionSet }) => {
    const key = keyOf(object);
    if (key === undefined) return false;
    const { cursor } = object;
    // Without a selection set, as in `cache.identify(item)`, the caller means the cached item.
    const isLate =
      selectionSet !== undefined &&
      [name, `Removed${name}`].some((rival) => isOlder(cursor, readField('cursor', { __ref: `${rival}:${key}` })));
    return `${isLate ? 'Older' : ''}${name}:${key}`;
  };
}

type Existing = Reference | StoreObject | null | undefined;

/** The field of one item. Its only argument is the key. */
function itemField(name: string) {
  const refersTo = (args: MergeOptions['args']): string => `${name}:${String(Object.values(args ?? {})[0])}`;
  return {
    /** Finds the item by its key, even if another query or subscription brought it. */
    read(existing: Existing, { args, storage, isReference, canRead, readField }: ReadOptions): Existing {
      if (existing && !isReference(existing)) return existing;
      const item = { __ref: refersTo(args) };
      if (!canRead(item)) return existing === null || canRead({ __ref: `Removed${item.__ref}` }) ? null : undefined;
      return existing === null && readField('cursor', item) === storage['absent'] ? null : item;
    },
    merge(_: Existing, incoming: Existing, { args, storage, readField }: MergeOptions): Existing {
      // A result of null has no cursor, so it holds until the item is written again.
      if (incoming === null) storage['absent'] = readField('cursor', { __ref: refersTo(args) });
      return incoming;
    },
  };
}
