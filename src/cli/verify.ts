/** `seamline verify`: reads the arguments, shows the progress and prints the table. */
import { type Guarantee, GUARANTEES } from '../verify/check/history.ts';
import { MIRROR_KINDS } from '../verify/check/mirror-coverage.ts';
import { verify, type VerifyProgress, type VerifyReport } from '../verify/workload/verify.ts';
import { addressesOf, helpOf, parseArguments, readFrom, wholeNumber } from './process/arguments.ts';
import { VERIFY_FLAGS } from './process/command-flags.ts';
import { grouped, Progress } from './process/progress.ts';
import { collectionOf } from './request/collection.ts';
import { EXIT_CODES, onEndSignal } from './process/signals.ts';

export const HELP = `seamline verify: checks the guarantees against a running server

  seamline verify --url http://127.0.0.1:4000/graphql --seconds 30

Runs writers and readers over WebSocket and SSE, with random joins, stalls, cuts and resumes, and checks everything that they receive. It
inserts at most 1,400 items, under keys that start with verify-, and removes them at the end. The exit code is 1 on any violation. ^C ends the
run after the round in flight, with a report of what was checked by then and exit code 130. A collection whose key is an Int gets keys that
start with -1.

Several nodes of one log are passed as --url URL,URL: a client that reconnects comes to the next one.

${helpOf(VERIFY_FLAGS)}
`;

const MEANING: Readonly<Record<Guarantee, string>> = {
  G1: 'Seam',
  G2: 'Once',
  G3: 'Order',
  G4: 'Resume',
  G5: 'Lag',
  G6: 'Mirror',
  G7: 'Acknowledged',
  G8: 'Limit',
  G11: 'Handoff',
};

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { choice, ...options } = parse(args);
  const collection = await collectionOf(options.nodes[0], choice);
  const stop = new AbortController();
  let interruptedBy: NodeJS.Signals | undefined;
  let latest: VerifyProgress = { elapsedMs: 0, histories: 0, deliveries: 0, violations: 0 };
  const progress = new Progress(process.stderr, () => lineOf(latest));
  // The first signal ends the run early and still removes its items.
  onEndSignal(
    (signal) => {
      interruptedBy = signal;
      progress.say(`seamline: ending after the round in flight; send ${signal} again to end at once`);
      stop.abort();
    },
    () => process.exit(1),
  );
  const onProgress = (next: VerifyProgress): void => void (latest = next);
  const report = await verify({ ...options, collection, onProgress, signal: stop.signal }).finally(() =>
    progress.end(),
  );
  console.log(tableOf(report));
  if (interruptedBy === undefined) return report.violations === 0 ? 0 : 1;
  console.error(
    `seamline: interrupted by ${interruptedBy} after ${secondsOf(report)} of ${options.seconds} s; checked until then: ${countsOf(report)}`,
  );
  // An interrupted run is no success, even if all that it has checked is sound.
  return report.violations === 0 ? (EXIT_CODES[interruptedBy] ?? 1) : 1;
}

function parse(args: readonly string[]) {
  const { seconds = '30', seed, collection, schema, ...address } = parseArguments(args, VERIFY_FLAGS).values;
  return {
    choice: { collection, schema },
    nodes: addressesOf(address),
    seconds: readFrom('--seconds', () => wholeNumber(seconds, 1, 86_400)),
    seed:
      seed === undefined
        ? Math.floor(Math.random() * 0x100000000)
        : readFrom('--seed', () => wholeNumber(seed, 0, 0xffffffff)),
  };
}

const secondsOf = ({ elapsedMs }: VerifyProgress): number => Math.floor(elapsedMs / 1000);

const countsOf = ({ histories, deliveries, violations }: VerifyProgress): string =>
  `${grouped(histories)} histories, ${grouped(deliveries)} deliveries, ${grouped(violations)} violations`;

const lineOf = (progress: VerifyProgress): string => `${secondsOf(progress)} s: ${countsOf(progress)}`;

function tableOf({
  coverage,
  mirrors,
  hasValueFilters,
  histories,
  deliveries,
  violations,
  seed,
  examples,
  skipped,
}: VerifyReport): string {
  const row = (name: string, ...counts: readonly string[]): string =>
    name.padEnd(20) + counts.map((count) => count.padStart(12)).join('');
  const lines = [
    row('', 'histories', 'deliveries', 'violations'),
    ...GUARANTEES.map((name) => {
      const { histories, deliveries, violations } = coverage[name];
      return row(`${name.padEnd(4)}${MEANING[name]}`, ...[histories, deliveries, violations].map(grouped));
    }),
    row('all', ...[histories, deliveries, violations].map(grouped)),
    '',
    row('mirrors (G6)', 'histories', 'deliveries', 'violations', 'sums', 'unmatched'),
    ...MIRROR_KINDS.map((kind) => {
      const { histories, deliveries, violations, sums, unmatched } = mirrors[kind];
      return row(kind, ...[histories, deliveries, violations, sums, unmatched].map(grouped));
    }),
    '',
    'A history is what one subscription or query received; for G7 it is the call of a writer.',
    'Sums are sizes and checksums that the server told a mirror; unmatched are items that ceased to match its filter.',
    `seed ${seed}`,
  ];
  if (!hasValueFilters)
    lines.push(
      'not checked: filters on values, `follows`, and sums of filtered mirrors; a server older than 0.2 has none of them',
    );
  if (skipped > 0) lines.push(`${skipped} rounds not checked: the server lost its log and started another`);
  for (const { guarantee, where, what } of examples) lines.push(`${guarantee} violated: ${where}: ${what}`);
  const more = violations - examples.length;
  if (more > 0) lines.push(`and ${grouped(more)} more`);
  return lines.join('\n');
}
