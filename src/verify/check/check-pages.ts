/** G11 and G3 of a query's pages: each is exactly what was current when it was read. */
import { type PagesHistory, passes, type Report } from './history.ts';
import type { Known } from './known.ts';

export function checkPages({ id, filter, pages }: PagesHistory, known: Known, report: Report): void {
  for (const { after, first, items, hasNextPage, cursor, receivedAt } of pages) {
    let newest = after ?? '';
    for (const item of items) {
      if (item.cursor <= newest) report('G3', id, `a page has ${item.key} at ${item.cursor} behind ${newest}`);
      newest = item.cursor;
      if (!passes(filter, item.key)) report('G11', id, `a page has ${item.key}, which its filter leaves out`);
      const successor = known.byCursor.get(item.cursor)?.successor;
      if (successor && successor.cursor <= cursor)
        report('G11', id, `a page read at ${cursor} has ${item.key} at ${item.cursor}, gone at ${successor.cursor}`);
    }
    if (newest > cursor && items.length > 0) report('G3', id, `a page read at ${cursor} has an item at ${newest}`);
    if (items.length > first) report('G11', id, `a page of ${first} has ${items.length} items`);
    if (hasNextPage && items.length < first)
      report('G11', id, `a page of ${first} has ${items.length} items, although more follow`);

    const upTo = hasNextPage ? newest : cursor;
    const there = new Set(items.map((item) => item.cursor));
    for (let index = known.behind(after ?? ''); index < known.changes.length; index++) {
      // Below the length.
      const change = known.changes[index]!;
      if (change.cursor > upTo) break;
      const isCurrent = change.value !== null && !(change.successor && change.successor.cursor <= cursor);
      if (!isCurrent || there.has(change.cursor) || !passes(filter, change.key)) continue;
      const isExcused = known.mayVanish || (known.maybeChanged.get(change.key) ?? Infinity) < receivedAt;
      if (!isExcused) report('G11', id, `a page read at ${cursor} lacks ${change.key} at ${change.cursor}`);
    }
  }
}
