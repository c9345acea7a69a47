/** The descriptions of the building blocks. */
export const TEXT = {
  filter: 'Selects items. All members that are given must match.',
  keys: 'Matches any of these keys; an empty list matches nothing.',
  keyPrefix: 'Matches keys that start with this prefix.',
  limitArg: 'The number of items to deliver before the subscription completes. Default: no limit.',
  afterArg: 'Continues after this cursor instead of starting with the current items.',
  changesAfterArg: 'Continues after this cursor if possible, otherwise starts with `reset`.',
  filterArg: 'Selects items. Default: all items.',
  onLagArg: 'What happens if the subscriber is too slow.',
  retryArg: 'A retry with the same idempotency key returns the first result.',
  ttl: 'Time to live in seconds, 1 or more.',
  ifAbsent: 'Fails with CONFLICT if the key already exists.',
  ifCursor: 'Fails with CONFLICT unless the current item of the key has this cursor.',
  timestamp: 'When it was inserted. Timestamps never decrease along the stream, even if the clock does.',
  expiresAt: 'When it expires; null for an item without `ttl`.',
  cursor: 'The position in the stream, equal on every node: pass it as `after` to continue from there.',
} as const;

export const JSON_DESCRIPTION = 'Any JSON value.';

/** The descriptions that name what a stream holds. */
export interface StreamTexts {
  readonly items: string;
  readonly changes: string;
  readonly insert: string;
  readonly inputArg: string;
  readonly insertMany: string;
  readonly inputsArg: string;
  readonly remove: string;
}

export const ITEM_TEXTS: StreamTexts = {
  items: 'Delivers every current item, oldest first, then every insertion. For services and small streams.',
  changes: 'Delivers the changes of the map, conflated by key, with a checksum. For user interfaces.',
  insert: 'Inserts an item, or replaces the item with the same key.',
  inputArg: 'The item to insert.',
  insertMany: 'Inserts 1 to 1,000 items at consecutive positions: either all or none.',
  inputsArg: 'The items to insert.',
  remove: 'Removes the item with this key; null if the key doesn’t exist.',
};

/** Of a stream of values of that type. */
export function textsOf(name: string, maxBatch = 1000): StreamTexts {
  return {
    items: `Delivers every current ${name}, oldest first, then every insertion. For services and small streams.`,
    changes: `Delivers the changes of all ${name}, conflated by key, with a checksum. For user interfaces.`,
    insert: `Inserts ${withArticle(name)}, or replaces the ${name} with the same key.`,
    inputArg: 'The value to insert.',
    insertMany: `Inserts 1 to ${maxBatch} of ${name} at consecutive positions: either all or none.`,
    inputsArg: 'The values to insert.',
    remove: `Removes the ${name} with this key; null if the key doesn't exist.`,
  };
}

/** `an Order`, `a Quote`; `a User`, whose first sound is that of "you". */
const withArticle = (name: string): string => `${/^(?:[AEIO]|U(?!ni|s|t))/i.test(name) ? 'an' : 'a'} ${name}`;
