/** Which keys a reader sees. */
export interface KeyFilter {
  readonly keys: ReadonlySet<string> | undefined;
  /** Empty: every key. */
  readonly prefix: string;
}

const NO_KEY: KeyFilter = { keys: new Set(), prefix: '' };

export interface KeyFilterInput {
  readonly keys?: readonly string[] | null | undefined;
  readonly keyPrefix?: string | null | undefined;
}

/** All must hold: the caller's filter and, where there is one, the prefix that its token allows. */
export function keyFilter(filter?: KeyFilterInput | null, allowedPrefix = ''): KeyFilter {
  const prefix = filter?.keyPrefix ?? '';
  const [shorter, longer] = prefix.length < allowedPrefix.length ? [prefix, allowedPrefix] : [allowedPrefix, prefix];
  if (!longer.startsWith(shorter)) return NO_KEY;
  return { keys: filter?.keys ? new Set(filter.keys) : undefined, prefix: longer };
}

export function passes({ keys, prefix }: KeyFilter, key: string): boolean {
  return key.startsWith(prefix) && (keys === undefined || keys.has(key));
}

export function isEveryKey({ keys, prefix }: KeyFilter): boolean {
  return keys === undefined && prefix === '';
}
