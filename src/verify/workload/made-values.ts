/** The values that the writers insert, and the filters that readers select them with. */
import type { Filter } from '../check/history.ts';
import type { ValueFilter } from '../check/value-filter.ts';
import type { Dice } from './dice.ts';

const STATUSES = ['open', 'filled', 'cancelled'] as const;
const PRICES = 100;

/** A value of a writer, as JSON. `id` identifies the write. A key that is written again mostly changes what it matches. */
export function madeValue(dice: Dice, id: string): string {
  const padding = '\u00e9\ud83d\ude00x'.repeat(dice.between(0, 8));
  // Some values have no price, so that the path of a filter leads nowhere.
  const price = dice.chance(0.9) ? { price: dice.between(0, PRICES - 1) } : {};
  return JSON.stringify({ id, status: dice.pick(STATUSES), ...price, padding });
}

/** The value of the run itself for the nth key, as JSON: the same whenever the call is repeated. */
export function plainValue(n: number): string {
  return JSON.stringify({ id: `run-${n}`, status: STATUSES[n % STATUSES.length], price: (n * 7) % PRICES });
}

/** What the keys of a round begin with. */
export interface KeyRange {
  readonly runPrefix: string;
  readonly prefix: string;
  readonly keys: readonly string[];
  /** A digit after it makes a prefix of some keys. */
  readonly stem: string;
}

/** A random filter on keys. Each one lets a part of the marker pass. */
export function keyFilter(dice: Dice, { runPrefix, prefix, keys, stem }: KeyRange, mayBeAll: boolean): Filter | null {
  const kind = dice.next();
  if (kind < 0.25 && mayBeAll) return null;
  if (kind < 0.65) return { keyPrefix: runPrefix };
  if (kind < 0.8) return { keyPrefix: prefix };
  if (kind < 0.9) return { keyPrefix: `${stem}${dice.between(1, 9)}` };
  return { keys: Array.from({ length: dice.between(1, 20) }, () => dice.pick(keys)) };
}

/** A random filter on values: from one that many match to one that nothing matches. */
export function whereFilter(dice: Dice): ValueFilter {
  const kind = dice.next();
  if (kind < 0.35) return equality(dice);
  return kind < 0.65 ? range(dice) : nested(dice);
}

function nested(dice: Dice): ValueFilter {
  return dice.pick<ValueFilter>([
    { not: range(dice) },
    { or: [equality(dice), range(dice)] },
    { and: [equality(dice), { not: equality(dice) }, range(dice)] },
  ]);
}

/** One of each kind: a round has them all, however short it is. */
export const WHERE_KINDS: readonly ((dice: Dice) => ValueFilter)[] = [equality, range, nested];

function equality(dice: Dice): ValueFilter {
  const [status, other] = [dice.pick(STATUSES), dice.pick(STATUSES)];
  return dice.pick<ValueFilter>([
    { path: '/status', eq: status },
    { path: '/status', eq: status },
    { path: '/status', ne: status },
    { path: '/status', in: [status, other] },
    { path: '/status', notIn: [status, other] },
    { path: '/status', startsWith: status.slice(0, 2) },
    { path: '/price', eq: dice.between(0, PRICES - 1) },
    { path: '/price', exists: dice.chance(0.5) },
  ]);
}

function range(dice: Dice): ValueFilter {
  const low = dice.between(0, PRICES);
  return dice.pick<ValueFilter>([
    { path: '/price', gt: low },
    { path: '/price', lte: low },
    { path: '/price', gte: low, lt: low + dice.between(1, 20) },
  ]);
}
