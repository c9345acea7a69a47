/** Counts how much was checked for mirrors, by what their filters ask for. */
import type { Tally } from './coverage.ts';
import { deliveriesOf } from './coverage.ts';
import type { Filter, Recording, Violation } from './history.ts';

export const MIRROR_KINDS = [
  'no filter',
  'keyPrefix',
  'keys',
  'where: equality',
  'where: range',
  'where: and, or, not',
] as const;
export type MirrorKind = (typeof MIRROR_KINDS)[number];

export interface MirrorTally extends Tally {
  /** Messages with a size and a checksum. */
  sums: number;
  /** Items that ceased to match. */
  unmatched: number;
}

export type MirrorCoverage = Readonly<Record<MirrorKind, MirrorTally>>;

export function emptyMirrorCoverage(): MirrorCoverage {
  const none = { histories: 0, deliveries: 0, violations: 0, sums: 0, unmatched: 0 };
  return Object.fromEntries(MIRROR_KINDS.map((kind) => [kind, { ...none }])) as Record<MirrorKind, MirrorTally>;
}

export function coverMirrors(
  coverage: MirrorCoverage,
  { histories }: Recording,
  violations: readonly Violation[],
): void {
  const kinds = new Map<string, MirrorKind>();
  for (const history of histories) {
    if (history.kind !== 'itemChanges') continue;
    const kind = kindOf(history.filter);
    kinds.set(history.id, kind);
    const tally = coverage[kind];
    tally.histories++;
    tally.deliveries += deliveriesOf(history);
    for (const { size, removed } of history.messages) {
      if (size !== null) tally.sums++;
      for (const { reason } of removed) if (reason === 'UNMATCHED') tally.unmatched++;
    }
  }
  for (const { where } of violations) {
    const kind = kinds.get(where);
    if (kind) coverage[kind].violations++;
  }
}

/** A filter on values counts by it, whatever it says of keys. */
function kindOf(filter: Filter | null): MirrorKind {
  const { where, keys } = filter ?? {};
  if (!where) return filter === null ? 'no filter' : keys ? 'keys' : 'keyPrefix';
  const has = (...names: readonly string[]): boolean => names.some((name) => name in where);
  if (has('and', 'or', 'not')) return 'where: and, or, not';
  return has('lt', 'lte', 'gt', 'gte') ? 'where: range' : 'where: equality';
}
