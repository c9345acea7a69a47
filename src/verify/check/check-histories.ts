/**
 * Checks recorded histories, modelled on the validators of etcd's robustness tests (ordered, unique, reliable, resumable, bookmarkable,
 * atomic). It reports nothing that calls in flight, lag or eviction could explain.
 */
import { checkCalls } from './check-calls.ts';
import { checkChanges, type Mirror } from './check-changes.ts';
import { checkItems } from './check-items.ts';
import { checkPages } from './check-pages.ts';
import type { ChangesHistory, ItemsHistory, Recording, Violation } from './history.ts';
import { knownChanges } from './known-changes.ts';

export function checkHistories(recording: Recording): Violation[] {
  const violations: Violation[] = [];
  const report = (guarantee: Violation['guarantee'], where: string, what: string): void =>
    void violations.push({ guarantee, where, what });
  const known = knownChanges(recording, report);
  checkCalls(recording, known, report);
  const byId = new Map(recording.histories.map((history) => [history.id, history]));
  const mirrors = new Map<string, Mirror>();

  const isChecked = new Set<string>();
  // A mirror continues from the history that it resumed, so that one is checked first.
  const check = (history: ItemsHistory | ChangesHistory): void => {
    if (isChecked.has(history.id)) return;
    isChecked.add(history.id);
    const before = history.resumedFrom === null ? undefined : byId.get(history.resumedFrom);
    if (history.kind === 'items') return checkItems({ history, known, report, chain: chainOf(history, byId) });
    if (before?.kind === 'itemChanges') check(before);
    const resumed = before && mirrors.get(before.id)?.copy();
    mirrors.set(history.id, checkChanges({ history, recording, known, report, resumed }));
  };
  for (const history of recording.histories) {
    if (history.kind === 'pages') checkPages(history, known, report);
    else check(history);
  }
  return violations;
}

/** The history that this one resumed, the one before that, and so on. */
function chainOf(history: ItemsHistory, byId: ReadonlyMap<string, Recording['histories'][number]>) {
  const chain: Recording['histories'][number][] = [];
  for (let next = history.resumedFrom; next !== null;) {
    const before = byId.get(next);
    if (!before || chain.includes(before)) break;
    chain.push(before);
    next = before.kind === 'pages' ? null : before.resumedFrom;
  }
  return chain;
}
