import { OneKey } from './one-key.ts';

/** The keys that a reader sees: those in `keys` that also start with `prefix`. Made by `keyFilter`. */
export interface KeyFilter {
  /** Undefined: every key. */
  readonly keys: ReadonlySet<string> | undefined;
  /** Empty: every prefix. */
  readonly prefix: string;
}

const NO_KEY: KeyFilter = { keys: new Set(), prefix: '' };

/** Both conditions must hold. */
export interface KeyFilterInput {
  /** Only these keys; an empty list matches nothing. @default every key */
  readonly keys?: readonly string[] | null | undefined;
  /** Only keys that start with it. @default every key */
  readonly keyPrefix?: string | null | undefined;
}

/**
 * A filter for `StreamingMap.items` and `changes`. `allowedPrefix` narrows it further: the prefix that a caller's token allows.
 *
 * @example
 * map.items({ filter: keyFilter({ keyPrefix: 'user:' }) });
 */
export function keyFilter(filter?: KeyFilterInput | null, allowedPrefix = ''): KeyFilter {
  const prefix = filter?.keyPrefix ?? '';
  const [shorter, longer] = prefix.length < allowedPrefix.length ? [prefix, allowedPrefix] : [allowedPrefix, prefix];
  if (!longer.startsWith(shorter)) return NO_KEY;
  return { keys: filter?.keys ? keysOf(filter.keys) : undefined, prefix: longer };
}

function keysOf(keys: readonly string[]): ReadonlySet<string> {
  const [key] = keys;
  return key !== undefined && keys.length === 1 ? new OneKey(key) : new Set(keys);
}

export function passes({ keys, prefix }: KeyFilter, key: string): boolean {
  return key.startsWith(prefix) && (keys === undefined || keys.has(key));
}

export function isEveryKey({ keys, prefix }: KeyFilter): boolean {
  return keys === undefined && prefix === '';
}
