/** The filters of subscribers, and the topics that a server without filters uses instead. */
import { keyOf, PADDING, valueOf } from './peer.ts';

export interface Filter {
  readonly keys?: readonly string[];
  readonly keyPrefix?: string;
  readonly where?: object;
}

interface Interest {
  /** The filter of each subscriber, by its number. */
  readonly filterOf: (subscriber: number) => Filter;
  /** A key that the subscriber follows. */
  readonly keyFor: (subscriber: number) => string;
  /** All subscribers that follow that key. */
  readonly followersOf: (subscriber: number) => readonly number[];
  /** The topics to which a change of the key is published. */
  readonly topicsOf: (key: string) => readonly string[];
  /** The nth value, which the subscriber follows. @default `valueOf(n)` */
  readonly valueFor?: (subscriber: number, n: number) => unknown;
}

const LEVELS = '123';
/** Subscribers with overlapping prefixes: each follows one of `item-7:`, `item-7:1`, `item-7:12` and `item-7:123`. */
const FAMILY = LEVELS.length + 1;
const familyOf = (subscriber: number): number => Math.floor(subscriber / FAMILY);
const afterColon = (key: string): number => key.indexOf(':') + 1;

export const INTERESTS = {
  keys: {
    filterOf: (n) => ({ keys: [keyOf(n)] }),
    keyFor: keyOf,
    followersOf: (n) => [n],
    topicsOf: (key) => [key],
  },
  prefixes: {
    filterOf: (n) => ({ keyPrefix: `${keyOf(n)}:` }),
    keyFor: (n) => `${keyOf(n)}:1`,
    followersOf: (n) => [n],
    topicsOf: (key) => [key.slice(0, afterColon(key))],
  },
  overlapping: {
    filterOf: (n) => ({ keyPrefix: `${keyOf(familyOf(n))}:${LEVELS.slice(0, n % FAMILY)}` }),
    keyFor: (n) => `${keyOf(familyOf(n))}:${LEVELS}`,
    followersOf: (n) => Array.from({ length: FAMILY }, (_, level) => familyOf(n) * FAMILY + level),
    topicsOf: (key) => Array.from({ length: FAMILY }, (_, level) => key.slice(0, afterColon(key) + level)),
  },
  equalities: {
    filterOf: (n) => ({ where: { path: '/owner', eq: keyOf(n) } }),
    keyFor: keyOf,
    followersOf: (n) => [n],
    topicsOf: (key) => [key],
    valueFor: (subscriber, n) => ({ owner: keyOf(subscriber), text: paddedNumber(n) }),
  },
} as const satisfies Record<string, Interest>;

export type InterestName = keyof typeof INTERESTS;

/** Short enough for an object around it. */
function paddedNumber(n: number): string {
  return String(n).padEnd(PADDING.length - 40, PADDING);
}

/** The nth value that is inserted because the subscriber follows it. */
export function followedValue(name: InterestName, subscriber: number, n: number): unknown {
  const { valueFor }: Interest = INTERESTS[name];
  return valueFor ? valueFor(subscriber, n) : valueOf(n);
}

export const isInterest = (name: string | undefined): name is InterestName => name !== undefined && name in INTERESTS;

/** The topic of everything. */
const ALL = 'ITEM';
/** The argument of a server whose subscribers have filters. */
const named = process.argv[2];
const interest: Interest | undefined = isInterest(named) ? INTERESTS[named] : undefined;

/** The topics to which an insertion is published. */
export const topicsOf = (key: string): readonly string[] => interest?.topicsOf(key) ?? [ALL];

/** The topic that a subscriber follows. The filters of this benchmark have one key or a prefix. */
export const topicOf = (filter?: Filter | null): string => filter?.keys?.[0] ?? filter?.keyPrefix ?? ALL;

/** The key of the nth item that a server is filled with. */
export const filledKey = (n: number): string => interest?.keyFor(n) ?? keyOf(n);

/** Its value. */
export const filledValue = (n: number): unknown => interest?.valueFor?.(n, n) ?? valueOf(n);
