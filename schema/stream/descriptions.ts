/** Descriptions that the server's own schema shares. */
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
} as const;

export const JSON_DESCRIPTION = 'Any JSON value.';
