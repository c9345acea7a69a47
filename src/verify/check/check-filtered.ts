/** Checks what a message says of the message before it, and of items that ceased to match: G6. */
import type { ChangesHistory, ChangesMessage } from './history.ts';
import type { KnownChanges } from './known-changes.ts';

/** `before`: where the mirror stood before the message. Null: it had nothing. */
export function checkFollows(
  { reset, follows, cursor }: ChangesMessage,
  before: string | null,
  fail: (what: string) => void,
): void {
  if (follows === undefined) return;
  if (reset) {
    if (follows !== null) fail(`the message at ${cursor} has a reset, and follows ${follows}`);
  } else if (follows === null) fail(`the message at ${cursor} has no reset, and follows nothing`);
  else if (before !== null && follows > before)
    fail(`the message at ${cursor} follows ${follows}, but the one before it ended at ${before}: one is missing`);
}

/** An item is removed as UNMATCHED at the position of the insertion that does not match. */
export function checkReasons(
  { filter }: ChangesHistory,
  { removed }: ChangesMessage,
  known: KnownChanges,
  fail: (what: string) => void,
): void {
  for (const { key, reason, cursor } of removed) {
    if (reason !== 'UNMATCHED') continue;
    const where = `was told at ${cursor} that ${key} is UNMATCHED`;
    if (filter?.where === undefined) fail(`${where}, without a filter on values`);
    // Of the keys of other clients, and of calls without an answer, the values may be unknown.
    const change = known.byCursor.get(cursor);
    if (!change) continue;
    if (change.key !== key || change.value === null) fail(`${where}, which is no insertion under this key`);
    else if (known.matches(filter, change)) fail(`${where}, but its item there matches`);
  }
}
