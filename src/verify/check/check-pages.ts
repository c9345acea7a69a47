/** Checks the pages of a query (G11, G3): each holds exactly what was current when it was read. */
import type { PagesHistory, Report } from './history.ts';
import type { KnownChanges } from './known-changes.ts';

export function checkPages({ id, filter, pages }: PagesHistory, known: KnownChanges, report: Report): void {
  for (const { after, first, items, hasNextPage, endCursor, cursor, receivedAt } of pages) {
    let newest = after ?? '';
    for (const item of items) {
      if (item.cursor <= newest) report('G3', id, `a page has ${item.key} at ${item.cursor} after ${newest}`);
      newest = item.cursor;
      if (!known.matches(filter, item)) report('G11', id, `a page has ${item.key}, which its filter leaves out`);
      const successor = known.byCursor.get(item.cursor)?.successor;
      if (successor && successor.cursor <= cursor)
        report('G11', id, `a page read at ${cursor} has ${item.key} at ${item.cursor}, gone at ${successor.cursor}`);
    }
    if (newest > cursor && items.length > 0) report('G3', id, `a page read at ${cursor} has an item at ${newest}`);
    if (items.length > first) report('G11', id, `a page of ${first} has ${items.length} items`);
    // A page that searches for values ends after some work, however little it has found.
    if (hasNextPage && items.length < first && filter?.where === undefined)
      report('G11', id, `a page of ${first} has ${items.length} items, although more follow`);

    const end = endCursor ?? newest;
    if (end < newest || (hasNextPage && end <= (after ?? '')))
      report('G11', id, `a page that ends with ${newest} after ${String(after)} has the end cursor ${end}`);
    const upTo = hasNextPage ? end : cursor;
    const there = new Set(items.map((item) => item.cursor));
    for (let index = known.indexAfter(after ?? ''); index < known.changes.length; index++) {
      // The index is below the length.
      const change = known.changes[index]!;
      if (change.cursor > upTo) break;
      const isCurrent = change.value !== null && !(change.successor && change.successor.cursor <= cursor);
      if (!isCurrent || there.has(change.cursor) || !known.matches(filter, change)) continue;
      const isExcused = known.mayVanish || (known.maybeChanged.get(change.key) ?? Infinity) < receivedAt;
      if (!isExcused) report('G11', id, `a page read at ${cursor} lacks ${change.key} at ${change.cursor}`);
    }
  }
}
