/**
 * Compares seamline with the alternatives: GraphQL Yoga, mercurius, graphql-ws with graphql-subscriptions, and plain ws. Each server has a
 * process and a core of its own, and this process is the load client. The measure is the CPU time of the server's process: unlike rates, it
 * hardly depends on what else the machine does.
 *
 *     npm run bench                                  everything, in about 25 minutes; draws docs/images/bench.svg
 *     npm run bench -- --quick                       an overview, in about 4 minutes
 *     npm run bench -- --rows fan-out --peers seamline,raw-ws --rounds 1
 *     npm run bench -- --rows interest               subscribers that each follow a filter of their own, in about 8 minutes
 *     npm run bench -- --rows where                  filters on values, in about 2 minutes
 *     npm run bench -- --rows typed                  a collection of an SDL file against `Item`, in about 2 minutes
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PEER_NAMES, type PeerName, PEERS, pinLoad } from './load/peers.ts';
import { chart } from './report/chart.ts';
import { Results } from './report/results.ts';
import { interestTable } from './report/interest-table.ts';
import { busyTable, curveTable, figureTable, goalTable } from './report/table.ts';
import { type SizeCost, sizeCosts } from './rows/curves.ts';
import { fanOut } from './rows/fan-out.ts';
import { inserts } from './rows/inserts.ts';
import { interest, INTEREST_PARTS, interestPlan } from './rows/interest.ts';
import { latency } from './rows/latency.ts';
import { replay } from './rows/replay.ts';
import type { Figure, Pace } from './rows/row.ts';
import { typed } from './rows/typed.ts';
import { filtered, ranges } from './rows/where.ts';

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    /** The file to draw the chart to. A complete run draws docs/images/bench.svg by default. */
    svg: { type: 'string' },
  },
});

interface Part {
  readonly peers: readonly PeerName[];
  readonly run: (name: PeerName) => Promise<Figure[]>;
  /** Its figures are medians of one round. */
  readonly isOnce?: boolean;
}

/** The servers with goals. The others run once. */
const MAIN: readonly PeerName[] = ['seamline', 'yoga', 'mercurius', 'raw-ws'];
/** A part that takes longer averages over its own duration and is not repeated. */
const LONG_MS = 25_000;

const pace: Pace = flags.quick ? { ms: 700, warmUpMs: 300 } : { ms: 1500, warmUpMs: 500 };
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3));
const PARTS: Readonly<Record<string, Part>> = {
  'fan-out': { peers: PEER_NAMES, run: (name) => fanOut(name, pace) },
  replay: { peers: PEER_NAMES, run: (name) => replay(name) },
  inserts: { peers: ['seamline', 'yoga', 'mercurius', 'graphql-ws'], run: (name) => inserts(name, pace) },
  latency: { peers: ['seamline', 'raw-ws'], run: (name) => latency(name, flags.quick ? 3 : 6) },
  ranges: { peers: ['seamline'], run: () => ranges(pace) },
  filtered: { peers: ['seamline'], run: () => filtered(), isOnce: true },
  typed: { peers: ['seamline'], run: () => typed(), isOnce: true },
  ...Object.fromEntries(
    INTEREST_PARTS.map((part): [string, Part] => {
      const { peers } = interestPlan(part, flags.quick);
      return [part, { peers, run: (name) => interest(name, part, flags.quick), isOnce: true }];
    }),
  ),
};
/** Parts that measure seamline only, and once. */
const [CURVES, JOIN] = ['curves', 'join'];

/** Left out by `--quick`. */
const SLOW_PARTS = new Set([CURVES, JOIN, 'prefixes', 'overlapping', 'sockets', 'filtered', 'typed']);
const ALL_PARTS = [...Object.keys(PARTS), CURVES, JOIN];

/** Names of several parts. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  interest: INTEREST_PARTS,
  where: ['equalities', 'ranges', 'filtered'],
};
const listed = flags.rows?.split(',').flatMap((name) => GROUPS[name] ?? name);
const usual = flags.quick ? ALL_PARTS.filter((part) => !SLOW_PARTS.has(part)) : ALL_PARTS;
const parts = listed ? chosen(listed, ALL_PARTS) : usual;
const peers =
  flags.peers === undefined ? (flags.quick ? MAIN : PEER_NAMES) : chosen(flags.peers.split(','), PEER_NAMES);
const isWhole = !flags.quick && flags.rows === undefined && flags.peers === undefined;

console.log(`${pinLoad()}; Node ${process.versions.node}; medians of ${rounds} round${rounds === 1 ? '' : 's'}`);
if (rounds > 1)
  console.log(
    `measured once: parts over ${LONG_MS / 1000} s, the curves, subscribers with filters, and servers without a goal`,
  );
console.log();
const results = new Results();
const [long, failed] = [new Set<string>(), new Map<string, unknown>()];
for (let round = 1; round <= rounds; round++)
  for (const part of parts.filter((name) => name in PARTS))
    for (const peer of peers)
      if (PARTS[part]?.peers.includes(peer) && (round === 1 || isDueAgain(part, peer)))
        await run(round, part, PARTS[part], peer);
const sizes: SizeCost[] = parts.includes(CURVES) ? await sizeCosts(pace) : [];

const tables = [
  goalTable(results),
  figureTable(results, peers),
  interestTable(results, peers),
  busyTable(results, peers),
];
for (const table of [...tables, curveTable(results, peers, sizes)]) if (table !== '') console.log(`\n${table}`);
for (const [what, error] of failed) console.log(`\nFAILED ${what}: ${String(error)}`);
if ([...failed.keys()].some((what) => what.endsWith(' seamline'))) process.exitCode = 1;
const svg = flags.svg ?? (isWhole ? 'docs/images/bench.svg' : undefined);
if (svg !== undefined) writeFileSync(svg, chart(results, peers));
if (parts.includes(JOIN)) await join();

function isDueAgain(part: string, peer: PeerName): boolean {
  const what = `${part} ${peer}`;
  return failed.has(what) || (MAIN.includes(peer) && !long.has(what) && PARTS[part]?.isOnce !== true);
}

/** A part that fails has no figures and runs again in the next round. */
async function run(round: number, part: string, { run }: Part, peer: PeerName): Promise<void> {
  const [what, startedAt] = [`${part} ${peer}`, performance.now()];
  try {
    results.add(await run(peer));
    failed.delete(what);
  } catch (error) {
    failed.set(what, error);
  }
  const took = performance.now() - startedAt;
  if (took > LONG_MS) long.add(what);
  const outcome = failed.has(what) ? 'FAILED' : `${(took / 1000).toFixed(1)} s`;
  console.log(`round ${round}, ${part}: ${PEERS[peer].title}, ${outcome}`);
}

/** Measures joining a very large map: `join.ts`. */
async function join(): Promise<void> {
  console.log('\nJoining a map of 1,000,000 items:');
  const args = ['--expose-gc', 'bench/join.ts'];
  await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
}

/** The names of a list. Throws when one is unknown. */
function chosen<Name extends string>(list: readonly string[], all: readonly Name[]): Name[] {
  return list.map((name) => {
    const known = all.find((candidate) => candidate === name);
    if (known === undefined) throw new RangeError(`unknown name ${name}: must be one of ${all.join(', ')}`);
    return known;
  });
}
