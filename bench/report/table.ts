/** Formats the figures as plain text. */
import { type PeerName, PEERS } from '../load/peers.ts';
import type { SizeCost } from '../rows/curves.ts';
import { type Figure, type Row, ROW_NAMES, type RowName, ROWS } from '../rows/row.ts';
import type { Results } from './results.ts';

const AGAINST: readonly PeerName[] = ['yoga', 'mercurius', 'raw-ws'];
/** The goal for the cost of an item in a batch: this many times less than of a single insertion. */
const BATCH_GOAL = 10;

export const digits = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
const show = (value: number | undefined): string => (value === undefined ? '–' : digits(value));
const verdict = (isMet: boolean): string => (isMet ? '✓' : '✗');

/** How many times better seamline is. For `share`: the share of the peer's figure that it needs. */
function ratioTo(results: Results, name: RowName, peer: PeerName): number | undefined {
  const [own, theirs] = [results.median(name, 'seamline'), results.median(name, peer)];
  if (own === undefined || theirs === undefined) return undefined;
  return ROWS[name].better === 'less' ? theirs / own : own / theirs;
}

/** Compares seamline with the servers that have goals. */
export function goalTable(results: Results): string {
  const rows = ROW_NAMES.filter((name) => name !== 'size').map((name) => {
    const row: Row = ROWS[name];
    const own = results.median(name, 'seamline');
    const ownGoal =
      row.atMost === undefined || own === undefined ? '' : ` (≤${row.atMost}) ${verdict(own <= row.atMost)}`;
    return [
      `${row.title}, ${row.unit}`,
      `${show(own)}${ownGoal}`,
      ...AGAINST.map((peer) => {
        const ratio = ratioTo(results, name, peer);
        const goal = row.goals[peer];
        if (ratio === undefined) return goal === undefined ? '' : 'not measured';
        const isShare = row.better === 'share';
        const text = isShare ? `${digits(ratio)} of its` : `${digits(ratio)}×`;
        if (goal === undefined) return text;
        return `${text} (${isShare ? '≤' : '≥'}${goal}) ${verdict(isShare ? ratio <= goal : ratio >= goal)}`;
      }),
    ];
  });
  const header = ['how many times better seamline is than', 'seamline', ...AGAINST.map((peer) => PEERS[peer].title)];
  return [aligned([header, ...rows]), ...batchLines(results)].join('\n').trim();
}

/** Compares seamline's batches with single insertions. */
function batchLines(results: Results): string[] {
  const batch = results.median('batches', 'seamline');
  return (['seamline', 'yoga'] as const).flatMap((peer) => {
    const single = results.median('inserts', peer);
    if (batch === undefined || single === undefined) return [];
    const ratio = single / batch;
    return `an item in a batch of 500 costs ${digits(ratio)}× less (≥${BATCH_GOAL}) ${verdict(ratio >= BATCH_GOAL)} than a single insertion on ${PEERS[peer].title}`;
  });
}

/** The figures of all servers. */
export function figureTable(results: Results, peers: readonly PeerName[]): string {
  const rows = ROW_NAMES.map((name) => [
    `${ROWS[name].title}, ${ROWS[name].unit}`,
    ...peers.map((peer) => show(results.median(name, peer))),
  ]);
  return aligned([['medians', ...peers.map((peer) => PEERS[peer].title)], ...rows]);
}

/** Shows that the server, and never the load client, was the bottleneck. */
export function busyTable(results: Results, peers: readonly PeerName[]): string {
  const percent = (share: number): string => (share * 100).toFixed(0);
  const names = ROW_NAMES.filter((name) => peers.some((peer) => results.busy(name, peer)));
  const bottlenecks: string[] = [];
  const rows = names.map((name) => [
    ROWS[name].title,
    ...peers.map((peer) => {
      const busy = results.busy(name, peer);
      if (!busy) return '–';
      if (busy.load > busy.server) bottlenecks.push(`${ROWS[name].title}: ${PEERS[peer].title}`);
      return `${percent(busy.server)} / ${percent(busy.load)}`;
    }),
  ]);
  const table = aligned([['busy, in %: server / load client', ...peers.map((peer) => PEERS[peer].title)], ...rows]);
  const proof =
    bottlenecks.length === 0
      ? 'the server was busier than the load client in every row'
      : `the load client was busier than the server in ${bottlenecks.join('; ')}`;
  return table && `${table}\n${proof}`;
}

const CROWDS: readonly [title: string, row: Figure['row']][] = [
  ['1', '1 subscribers'],
  ['10', '10 subscribers'],
  ['100', '100 subscribers'],
  ['1,000', 'eight in flight'],
  ['5,000 (4 in flight)', 'five thousand'],
];

export function curveTable(results: Results, peers: readonly PeerName[], sizes: readonly SizeCost[]): string {
  const crowds = CROWDS.map(([title, row]) => [title, ...peers.map((peer) => show(results.median(row, peer)))]);
  const byCrowd = aligned([
    ['subscribers: µs CPU per delivery, 8 in flight', ...peers.map((peer) => PEERS[peer].title)],
    ...crowds,
  ]);
  if (sizes.length === 0) return byCrowd;
  const bySize = sizes.map(({ items, insert, join }) => [items.toLocaleString('en'), digits(insert), digits(join)]);
  return `${byCrowd}\n\n${aligned([['items in the map: µs CPU', 'insert', 'join, with limit: 1'], ...bySize])}`;
}

/** Aligns the first column left and the others right, and leaves out rows without figures. Empty when no row has any. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const kept = rows.filter(
    (row) => row === header || row.slice(1).some((cell) => !['', '–', 'not measured'].includes(cell)),
  );
  if (kept.length === 1) return '';
  const widths = header.map((_, n) => Math.max(...kept.map((row) => row[n]?.length ?? 0)));
  return kept
    .map((row) =>
      row
        .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
