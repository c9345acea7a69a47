/** Judges the conditions of commands: `ifAbsent`, `ifCursor` and idempotency keys. Nothing changes here. */
import type { Item } from '../model/change.ts';
import type { Insertion, Outcome } from '../model/command.ts';
import { isPlainRemoval, type PlainChange } from '../model/transaction.ts';
import { type FirstResult, IdempotencyTable } from './idempotency.ts';
import type { ItemStore } from './item-store.ts';

type Conflict = Extract<Outcome<never>, { kind: 'conflict' }>;

const ALREADY_EXISTS = 'key already exists (ifAbsent)';
export const OTHER_PAYLOAD = 'idempotency key was already used with another payload';
export const OTHER_CURSOR = "cursor is not that of the key's current item (ifCursor)";

/** The verdict on insertions without a conflict. */
interface Verdict {
  readonly kind: 'accepted';
  /** By index: the first result of an insertion that repeats one of an earlier command. */
  readonly known: readonly (FirstResult | undefined)[];
  /** How many insertions repeat none. */
  readonly fresh: number;
}

/** Judges the insertions of a batch in order, each as if those before it had been inserted. All of them are accepted, or none. */
export function judgeInsertions<Value>(
  insertions: readonly Insertion[],
  items: ItemStore<Value>,
  firstResults: IdempotencyTable,
): Verdict | Conflict {
  if (!insertions.some(isConditional)) return { kind: 'accepted', known: [], fresh: insertions.length };
  const inserted = new Set<string>();
  const claimed = new IdempotencyTable(insertions.length);
  const known: (FirstResult | undefined)[] = [];
  let fresh = 0;
  for (const [index, insertion] of insertions.entries()) {
    const { key, idempotency, ifAbsent, ifCursor } = insertion;
    const current = items.get(key);
    const conflict = (reason: string): Conflict => conflictOn(current, reason, index);
    if (idempotency) {
      known[index] = firstResults.get(key, idempotency);
      const first = known[index] ?? claimed.get(key, idempotency);
      if (first && first.payload !== idempotency.payload) return conflict(OTHER_PAYLOAD);
      if (first) continue;
      const { payload } = idempotency;
      claimed.remember(key, idempotency.key, { payload, place: null, timestamp: 0, expiresAt: null });
    }
    if (ifAbsent && (current || inserted.has(key))) return conflict(ALREADY_EXISTS);
    if (ifCursor && (current?.cursor !== ifCursor || inserted.has(key))) return conflict(OTHER_CURSOR);
    inserted.add(key);
    fresh++;
  }
  return { kind: 'accepted', known, fresh };
}

/** The changes of a transaction without the removals of keys that have no item by then. */
export function effectiveOf<Value>(changes: readonly PlainChange[], items: ItemStore<Value>): readonly PlainChange[] {
  const present = new Map<string, boolean>();
  return changes.filter((change) => {
    const { key } = change;
    const isThere = present.get(key) ?? items.get(key) !== undefined;
    present.set(key, !isPlainRemoval(change));
    return isThere || !isPlainRemoval(change);
  });
}

export function conflictOn(current: Item<unknown> | undefined, reason: string, index = 0): Conflict {
  return { kind: 'conflict', reason, index, cursor: current?.cursor ?? null };
}

function isConditional({ idempotency, ifAbsent, ifCursor }: Insertion): boolean {
  return idempotency !== undefined || ifAbsent !== undefined || ifCursor !== undefined;
}
