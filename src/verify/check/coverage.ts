/** Counts how much was checked for each guarantee. */
import { GUARANTEES, type Guarantee, type History, type Recording, type Violation } from './history.ts';

export interface Tally {
  /** Histories that the guarantee applies to. For G7: calls of the writers. */
  histories: number;
  /** Deliveries in those histories. For G7: items inserted and removed. */
  deliveries: number;
  violations: number;
}

export type Coverage = Readonly<Record<Guarantee, Tally>>;

export function emptyCoverage(): Coverage {
  const rows = GUARANTEES.map((name) => [name, { histories: 0, deliveries: 0, violations: 0 }] as const);
  return Object.fromEntries(rows) as Record<Guarantee, Tally>;
}

export function deliveriesOf(history: History): number {
  if (history.kind === 'items') return history.deliveries.length;
  if (history.kind === 'pages') return history.pages.reduce((sum, { items }) => sum + items.length, 0);
  return history.messages.reduce((sum, { upserted, removed }) => sum + upserted.length + removed.length, 0);
}

export function cover(
  coverage: Coverage,
  { histories, writes, reads }: Recording,
  violations: readonly Violation[],
): void {
  const pages = new Set(histories.filter(({ kind }) => kind === 'pages').map(({ id }) => id));
  for (const history of histories) {
    for (const name of guaranteesOf(history, pages)) {
      coverage[name].histories++;
      coverage[name].deliveries += deliveriesOf(history);
    }
  }
  coverage.G7.histories += writes.length + reads.length;
  for (const { results } of writes) coverage.G7.deliveries += results?.length ?? 0;
  for (const { guarantee } of violations) coverage[guarantee].violations++;
}

function guaranteesOf(history: History, pages: ReadonlySet<string>): Guarantee[] {
  if (history.kind === 'pages') return ['G3', 'G11'];
  const names: Guarantee[] = ['G2', 'G3'];
  if (history.after !== null) names.push('G4');
  if (history.kind === 'itemChanges') return [...names, 'G6'];
  names.push('G5');
  if (history.after === null) names.push('G1');
  if (history.limit !== null) names.push('G8');
  if (pages.has(history.resumedFrom ?? '')) names.push('G11');
  return names;
}
