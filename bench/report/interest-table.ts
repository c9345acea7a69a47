/** Formats the figures of subscribers that each follow a filter of their own. */
import { type PeerName, PEERS } from '../load/peers.ts';
import { INTEREST_PARTS, interestPlan } from '../rows/interest.ts';
import type { InterestRow } from '../rows/row.ts';
import type { Results } from './results.ts';
import { aligned, digits } from './table.ts';

/** Empty when nothing was measured. */
export function interestTable(results: Results, peers: readonly PeerName[]): string {
  const measured = peers.filter((peer) =>
    INTEREST_PARTS.some((part) => interestPlan(part, false).peers.includes(peer)),
  );
  let busiest = 0;
  const cell = (row: InterestRow, peer: PeerName): string => {
    const [cost, p99] = [results.median(row, peer), results.median(`${row}, p99` as InterestRow, peer)];
    if (cost === undefined || p99 === undefined) return '–';
    busiest = Math.max(busiest, results.busy(row, peer)?.load ?? 0);
    return `${digits(cost)} · ${digits(p99)}`;
  };
  const lines = INTEREST_PARTS.flatMap((part) => {
    const { title, rates } = interestPlan(part, false);
    return rates.flatMap((rate) =>
      results
        .counts(part)
        .map((count) => [
          `${title}: ${count.toLocaleString('en')}, ${rate.toLocaleString('en')}/s`,
          ...measured.map((peer) => cell(`${part}: ${count} at ${rate}/s`, peer)),
        ]),
    );
  });
  const header = ['subscribers: µs CPU per insertion · p99 in ms', ...measured.map((peer) => PEERS[peer].title)];
  const table = aligned([header, ...lines]);
  return table && `${table}\nthe load client was busy for at most ${(busiest * 100).toFixed(0)} % of the time`;
}
