/** `seamline verify`: the arguments, the progress and the table. */
import { type Guarantee, GUARANTEES } from '../verify/check/history.ts';
import type { Target } from '../http-client/http-client.ts';
import { type Progress, verify, type VerifyReport } from '../verify/workload/workload.ts';
import { parseArguments, readFrom, TARGET_FLAGS, TARGET_HELP, targetOf, wholeNumber } from './process/arguments.ts';
import { onEnding } from './process/signals.ts';

export const HELP = `seamline verify: holds a running server to what is promised

  seamline verify --url http://127.0.0.1:4000/graphql --seconds 30

Writers and readers, over WebSocket and SSE, with random joins, stalls, cuts and resumes. What each was told is recorded and
checked. It inserts at most 1,400 items, under keys that begin with verify-, and removes them. Exit 1 on any violation.

${TARGET_HELP}
                   several nodes of one log: --url URL,URL; whoever comes back comes to another one
  --seconds S      for how long (default 30)
  --seed N         repeats the plan of the run that printed it
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

/** The exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const options = parse(args);
  const stop = new AbortController();
  // The first one ends the run early, and leaves the server as it was.
  onEnding(
    () => stop.abort(),
    () => process.exit(1),
  );
  const { isTTY } = process.stderr;
  const onProgress = isTTY
    ? (progress: Progress) => void process.stderr.write(`\r\u001b[K${lineOf(progress)}`)
    : () => {};
  try {
    const report = await verify({ ...options, onProgress, signal: stop.signal });
    if (isTTY) process.stderr.write('\r\u001b[K');
    console.log(tableOf(report));
    return report.violations === 0 ? 0 : 1;
  } catch (error) {
    if (isTTY) process.stderr.write('\r\u001b[K');
    throw error;
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const {
    seconds = '30',
    seed,
    ...target
  } = parseArguments(args, { ...TARGET_FLAGS, seconds: text, seed: text }).values;
  return {
    nodes: nodesOf(target),
    seconds: readFrom('--seconds', () => wholeNumber(seconds, 1, 86_400)),
    seed:
      seed === undefined
        ? Math.floor(Math.random() * 0x100000000)
        : readFrom('--seed', () => wholeNumber(seed, 0, 0xffffffff)),
  };
}

/** Throws `UsageError`. */
function nodesOf({ url, token }: Partial<Target>): [Target, ...Target[]] {
  const [first, ...others] = url?.split(',') ?? [];
  const targetAt = (address?: string): Target =>
    targetOf({ ...(address !== undefined && { url: address }), ...(token !== undefined && { token }) });
  return [targetAt(first), ...others.map(targetAt)];
}

function lineOf({ elapsedMs, histories, deliveries, violations }: Progress): string {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${seconds} s: ${grouped(histories)} histories, ${grouped(deliveries)} deliveries, ${grouped(violations)} violations`;
}

function tableOf({ coverage, histories, deliveries, violations, seed, examples, skipped }: VerifyReport): string {
  const row = (name: string, ...counts: readonly string[]): string =>
    name.padEnd(17) + counts.map((count) => count.padStart(12)).join('');
  const lines = [
    row('', 'histories', 'deliveries', 'violations'),
    ...GUARANTEES.map((name) => {
      const { histories, deliveries, violations } = coverage[name];
      return row(`${name.padEnd(4)}${MEANING[name]}`, ...[histories, deliveries, violations].map(grouped));
    }),
    row('all', ...[histories, deliveries, violations].map(grouped)),
    '',
    'A history is what one subscription or query got; of G7 it is a call of a writer.',
    `seed ${seed}`,
  ];
  if (skipped > 0) lines.push(`${skipped} rounds not checked: the server lost its log, and began another`);
  for (const { guarantee, where, what } of examples) lines.push(`${guarantee} violated: ${where}: ${what}`);
  const more = violations - examples.length;
  if (more > 0) lines.push(`and ${grouped(more)} more`);
  return lines.join('\n');
}

const grouped = (count: number): string => count.toLocaleString('en-US');
