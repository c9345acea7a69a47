import type { Transaction } from './transaction.ts';
import type { Witness } from './witness.ts';

/** From the end of each transaction to the arrival of its last insertion at each witness. `which`: by when it ended. */
export function delaysOf(
  transactions: readonly Transaction[],
  witnesses: readonly Witness[],
  which: (endedAt: number) => boolean,
): string {
  const delays = transactions
    .filter(({ endedAt }) => which(endedAt))
    .flatMap(({ changes, endedAt }) => {
      const last = changes.findLast(({ value }) => value !== null)?.value ?? '';
      return witnesses.flatMap(({ receivedAt }) => {
        const arrivedAt = receivedAt.get(last);
        return arrivedAt === undefined ? [] : [arrivedAt - endedAt];
      });
    })
    .toSorted((a, b) => a - b);
  const quantile = (part: number): string => `${(delays[Math.floor(delays.length * part)] ?? NaN).toFixed(1)} ms`;
  return `p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, at most ${quantile(0.9999)} of ${delays.length}`;
}
