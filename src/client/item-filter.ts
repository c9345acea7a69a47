/** As `ItemFilter` of the schema is given by callers: keys may be numbers, for they are IDs. */
export interface ItemFilter {
  readonly keys?: readonly (string | number)[] | null;
  readonly keyPrefix?: string | null;
}

/** Whether a filter lets a key pass; without one each does. */
export function selecting({ keys, keyPrefix }: ItemFilter = {}): (key: string) => boolean {
  const selected = keys && new Set(keys.map(String));
  return (key) => selected?.has(key) !== false && key.startsWith(keyPrefix ?? '');
}
