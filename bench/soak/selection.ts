/** What subscribers of the soak ask for: all items, those of one writer, or those whose status matches. */
export const STATUSES = ['open', 'filled', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

/** The status of a writer's nth value. A writer has 100 keys in turn, so that each insertion changes its key's status. */
export function statusAt(n: number): Status {
  // A remainder of the length is an index.
  return STATUSES[n % STATUSES.length]!;
}

export interface Selection {
  /** The argument of the subscription. Undefined: every item. */
  readonly filter: { readonly keyPrefix?: string; readonly where?: object } | undefined;
  /** `status`: undefined for an item without one. */
  passes(key: string, status: Status | undefined): boolean;
}

export const EVERY: Selection = { filter: undefined, passes: () => true };

export function ofWriter(prefix: string): Selection {
  return { filter: { keyPrefix: prefix }, passes: (key) => key.startsWith(prefix) };
}

const WHERE: readonly ((
  status: Status,
) => readonly [where: object, passes: (status: Status | undefined) => boolean])[] = [
  (wanted) => [{ path: '/status', eq: wanted }, (status) => status === wanted],
  (wanted) => [{ path: '/status', ne: wanted }, (status) => status !== wanted],
  (wanted) => [{ path: '/status', gt: wanted }, (status) => status !== undefined && status > wanted],
  (wanted) => [
    { or: [{ path: '/status', eq: wanted }, { not: { path: '/status', exists: true } }] },
    (status) => status === wanted || status === undefined,
  ],
];

/**
 * One of 12 filters on values; each third dozen is narrowed to a writer's keys. Nothing is greater than `open`, so that a mirror of it stays
 * empty.
 */
export function whereOf(n: number, prefix: string): Selection {
  // Remainders of the lengths are indexes.
  const [where, passes] = WHERE[n % WHERE.length]!(statusAt(n));
  if (Math.floor(n / 12) % 3 > 0) return { filter: { where }, passes: (_, status) => passes(status) };
  return { filter: { keyPrefix: prefix, where }, passes: (key, status) => key.startsWith(prefix) && passes(status) };
}
