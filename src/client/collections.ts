import { keyOf } from './item-filter.ts';

/** A collection whose items a cache keeps. */
export interface CollectionOptions {
  /** The name of its type, such as `Quote`. */
  readonly name: string;
  /** The name of its list. @default the name with a small first letter and an s, such as `quotes` */
  readonly plural?: string | undefined;
  /**
   * The field that is the key, if the type has an `id` of its own. Documents must select it then.
   *
   * @default `id`
   */
  readonly key?: string | undefined;
}

/** The names of a collection in the schema, and how to read the key of its items. */
export interface Collection {
  readonly name: string;
  /** The stem of `quoteChanges`. */
  readonly singular: string;
  readonly plural: string;
  /** The argument that takes a key; undefined if it is unknown. It is the only argument of its field. */
  readonly key: string | undefined;
  /** Undefined if the key was not selected. */
  readonly keyOf: (item: Readonly<Record<string, unknown>>) => string | undefined;
}

export const ITEMS: Collection = { name: 'Item', singular: 'item', plural: 'items', key: 'key', keyOf };

/** `Item` is the collection of a server without an SDL file. */
export function collectionOf(given: string | CollectionOptions): Collection {
  const { name, plural, key } = typeof given === 'string' ? { name: given } : given;
  if (name === ITEMS.name) return ITEMS;
  const singular = name.charAt(0).toLowerCase() + name.slice(1);
  return {
    name,
    singular,
    plural: plural ?? `${singular}s`,
    key,
    keyOf({ [key ?? 'id']: value }) {
      // A key may be an Int.
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
    },
  };
}
