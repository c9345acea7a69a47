/** Checks the deliveries of `items`: G1 to G5, G8, and G11 after a query. */
import type { Delivery, End, Guarantee, History, ItemsHistory, Report } from './history.ts';
import { type Change, type KnownChanges } from './known-changes.ts';

interface Checked {
  readonly history: ItemsHistory;
  readonly known: KnownChanges;
  readonly report: Report;
  /** The history that it resumed, the one before that, and so on. */
  readonly chain: readonly History[];
}

/** Codes that break no guarantee: the caller lacks permission or exceeds a limit, the engine is away, or the server is busy. */
const NOT_ALLOWED: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'TOO_MANY_SUBSCRIPTIONS',
  'ENGINE_UNAVAILABLE',
  'OVERLOADED',
]);

export function checkItems(checked: Checked): void {
  const { history, report } = checked;
  if (history.expectedError !== undefined) return checkRefusal(history, history.expectedError, report);
  checkOrder(checked);
  checkLimit(history, report);
  checkEnd(history, history.end, report);
  checkLag(history, report);
  checkMissing(checked);
}

function checkRefusal({ id, limit, deliveries, end }: ItemsHistory, expected: string, report: Report): void {
  // The connection broke before the answer came.
  if (end.kind === 'cut' && deliveries.length === 0) return;
  const got = end.kind === 'error' ? end.code : end.kind;
  if (deliveries.length > 0 || got !== expected)
    report(limit !== null ? 'G8' : 'G4', id, `got ${deliveries.length} items and ${got} instead of ${expected}`);
}

function checkOrder({ history, known, report, chain }: Checked): void {
  const { id, after, deliveries, filter } = history;
  let newest = after ?? '';
  let timestamp = '';
  for (const delivery of deliveries) {
    const { key, cursor } = delivery;
    if (cursor > newest) newest = cursor;
    else if (wasDelivered(delivery, [history, ...chain])) report('G2', id, `got ${key} at ${cursor} twice`);
    else if (after !== null && cursor <= after) report('G4', id, `got ${key} at ${cursor}, not after ${after}`);
    else report('G3', id, `got ${key} at ${cursor} after ${newest}`);
    if (delivery.timestamp < timestamp)
      report('G3', id, `got ${key} of ${delivery.timestamp} after an item of ${timestamp}`);
    timestamp = delivery.timestamp;
    if (!known.matches(filter, delivery)) report('G1', id, `got ${key} at ${cursor}, which its filter leaves out`);
  }
}

function wasDelivered(delivery: Delivery, chain: readonly History[]): boolean {
  const isSame = (other: { cursor: string }): boolean => other !== delivery && other.cursor === delivery.cursor;
  return chain.some((history) => history.kind === 'items' && history.deliveries.some(isSame));
}

function checkLimit({ id, limit, deliveries, end }: ItemsHistory, report: Report): void {
  const count = deliveries.length;
  if (limit !== null && count > limit) report('G8', id, `got ${count} items with limit ${limit}`);
  if (end.kind !== 'complete') return;
  if (limit === null) report('G8', id, `was completed after ${count} items, without a limit`);
  else if (count < limit) report('G8', id, `was completed after ${count} of ${limit} items`);
}

/** Shared with `itemChanges`. */
export function checkEnd({ id, after }: { id: string; after: string | null }, end: End, report: Report): void {
  if (end.kind === 'error' && end.code !== 'LAGGED' && !NOT_ALLOWED.has(end.code))
    report(after === null ? 'G1' : 'G4', id, `ended with ${end.code}`);
  if (end.kind !== 'overdue') return;
  const guarantee = end.awaited === 'complete' ? 'G8' : end.awaited === 'first' ? 'G6' : 'G7';
  report(guarantee, id, OVERDUE[end.awaited] ?? `never got ${end.awaited}`);
}

const OVERDUE: Readonly<Record<string, string>> = {
  complete: 'was not completed after its last item',
  first: 'got no first message',
  marker: 'never got the last insertion, which had been answered',
};

function checkLag({ id, after, deliveries, onLag, end }: ItemsHistory, report: Report): void {
  if (end.kind !== 'error' || end.code !== 'LAGGED') return;
  if (onLag !== 'FAIL') report('G5', id, 'ended with LAGGED, although onLag is CONFLATE');
  const { cursor, missed } = end.extensions;
  if (!(typeof missed === 'number' && missed >= 1))
    report('G5', id, `LAGGED has missed ${String(missed)}, expected 1 or more`);
  const last = deliveries.at(-1)?.cursor ?? after;
  if (last !== null && cursor !== last)
    report('G5', id, `LAGGED has the cursor ${String(cursor)}, the last delivery ${last}`);
}

function checkMissing({ history, known, report, chain }: Checked): void {
  const { id, after, onLag, filter } = history;
  const deliveries = [...history.deliveries].sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
  const last = deliveries.at(-1)?.cursor ?? '';
  const liveFrom = cutoffBound(history, known);
  // The cutoff is older than the first delivery, so a call that started after that delivery is live.
  const firstAt = Math.min(...history.deliveries.slice(0, 1).map(({ receivedAt }) => receivedAt));
  let next = 0;
  for (let index = known.indexAfter(after ?? ''); index < known.changes.length; index++) {
    // The index is below the length.
    const change = known.changes[index]!;
    if (change.cursor > last) return;
    while ((deliveries[next]?.cursor ?? '') < change.cursor) next++;
    const delivery = deliveries[next];
    if (!delivery || delivery.cursor === change.cursor || change.value === null || !known.matches(filter, change))
      continue;
    const isGone = known.isMaybeGone(change, delivery.receivedAt);
    const mayBeSnapshot = after === null && change.cursor < liveFrom && change.startedAt < firstAt;
    const mayLag = onLag === 'CONFLATE' && known.mayLag;
    if (isGone && (mayBeSnapshot || mayLag)) continue;
    report(guaranteeOf(history, chain, isGone), id, missing(change, delivery));
  }
}

/** An upper bound of the cutoff: a delivered item was current at the cutoff or is newer, so its successor is newer than the cutoff. */
function cutoffBound({ after, deliveries }: ItemsHistory, { byCursor }: KnownChanges): string {
  let bound = '\uffff';
  if (after === null)
    for (const { cursor } of deliveries) {
      const successor = byCursor.get(cursor)?.successor;
      if (successor && successor.cursor < bound) bound = successor.cursor;
    }
  return bound;
}

function guaranteeOf({ after, onLag }: ItemsHistory, [before]: readonly History[], isGone: boolean): Guarantee {
  if (before?.kind === 'pages') return 'G11';
  if (isGone && onLag === 'FAIL') return 'G5';
  return after === null ? 'G1' : 'G4';
}

const missing = ({ key, cursor }: Change, delivery: Delivery): string =>
  `never got ${key} at ${cursor}, but ${delivery.key} at ${delivery.cursor} after it`;
