/** Items of any collection in the shape of `Item`, for code that is the same for all collections. */
import type { DescribedCollection } from './described-collection.ts';

export interface ShapedItem {
  /** The key as text, whatever its type. */
  readonly key: string;
  /** Any JSON for `Item`. For a typed collection the fields of the value without the key. */
  readonly value: unknown;
  readonly timestamp: string;
  readonly expiresAt: string | null;
  readonly cursor: string;
}

type Delivered = Readonly<Record<string, unknown>> & Omit<ShapedItem, 'key' | 'value'>;

/** Makes the function that shapes an item as the documents of `documentsOf` deliver it. */
export function shapeOf({ isItem, names, valueFields }: DescribedCollection): (item: object) => ShapedItem {
  // The documents select these fields.
  if (isItem) return (item) => item as ShapedItem;
  const fields = valueFields.map(({ name }) => name).filter((name) => name !== names.key.name);
  return (item) => {
    const delivered = item as Delivered;
    const { timestamp, expiresAt, cursor } = delivered;
    const value = Object.fromEntries(fields.map((name) => [name, delivered[name]]));
    return { key: String(delivered[names.key.name]), value, timestamp, expiresAt, cursor };
  };
}

/** The variable `$key` of the documents, from a key as text. */
export function keyVariable({ names }: DescribedCollection, key: string): string | number {
  return names.key.type === 'Int' && /^(0|-?[1-9]\d{0,14})$/.test(key) ? Number(key) : key;
}
