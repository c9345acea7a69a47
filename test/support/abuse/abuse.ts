/** Lets attackers loose on a server while honest clients use it, and measures what became of both. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { Attack } from './attacker.ts';
import { sign } from '../server/tokens.ts';
import { Honest, type HonestFigures } from './honest.ts';
import { Served } from './served.ts';

const ATTACKER = new URL('./attacker.ts', import.meta.url).pathname;

/** The container has 1 GiB: a page cache and the attackers' sockets need some of it. */
const MAX_RESIDENT_MB = 900;
const MAX_LEFT_MB = 120;
const MAX_DELIVERY_MS = 1000;
const MAX_HEALTH_MS = 250;

const CALM_MS = 500;
/** Until the garbage of an attack is collected. */
const SETTLE_MS = 15_000;

export interface Options {
  /** The most that the attack may take, in ms. Then its process is ended. */
  readonly withinMs?: number;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
  /** What fills the map before anything is measured. */
  readonly before?: Attack;
  /** What the server signs tokens with: honest clients have one. */
  readonly secret?: string;
  /** Whether the attack leaves items in the map, so that memory doesn't fall back. */
  readonly isFilling?: boolean;
}

export interface Outcome extends HonestFigures {
  readonly isAlive: boolean;
  /** Resident memory in MB: before, at its highest, and after the attackers left. */
  readonly startMb: number;
  readonly peakMb: number;
  readonly endMb: number;
  /** By how much others on the machine have slowed the server down: 1 on a calm one. */
  readonly slowness: number;
  /** What the attackers have counted. */
  readonly report: unknown;
}

/** Runs the attack in a process of its own. Resolves when it says that it is done, or its time is over. The returned function ends it. */
async function attack(
  port: number,
  given: Attack,
  withinMs: number,
): Promise<{ report: unknown; end: () => Promise<void> }> {
  const child = fork(ATTACKER, [JSON.stringify({ ...given, port })], { execArgv: [], stdio: 'inherit' });
  // The machine has two cores: the attackers must not take the honest clients' one.
  setPriority(child.pid ?? 0, constants.priority.PRIORITY_BELOW_NORMAL);
  const exited = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(end);
  const done = new AbortController();
  const [report] = await Promise.race([
    once(child, 'message') as Promise<[unknown]>,
    exited.then(() => ['the attacker has failed']),
    delay(withinMs, ['not finished'], { signal: done.signal }),
  ]);
  done.abort();
  return { report, end };
}

export async function underAttack(given: Attack, options: Options = {}): Promise<Outcome> {
  const { withinMs = 8000, flags, before: filling, isFilling = false, secret } = options;
  const served = await Served.start(flags);
  if (filling) await (await attack(served.port, filling, 60_000)).end();
  const token = secret === undefined ? undefined : await sign({ sub: 'honest' }, { secret });
  const honest = new Honest(served.port, token);
  await honest.start();
  await delay(CALM_MS);
  const startMb = served.residentMb();
  const before = served.scheduled();
  const { report, end } = await attack(served.port, given, withinMs);
  await end();
  const after = served.scheduled();
  const slowness = 1 + (after.waited - before.waited) / Math.max(1, after.ran - before.ran);
  const due = performance.now() + SETTLE_MS;
  const isBack = (): boolean => isFilling || !(served.residentMb() > startMb + MAX_LEFT_MB);
  while (!isBack() && performance.now() < due) await delay(100);
  const [endMb, { peakMb, isAlive }] = [served.residentMb(), served];
  const outcome: Outcome = { ...(await honest.stop()), isAlive, startMb, peakMb, endMb, slowness, report };
  note(given, outcome);
  await served.end();
  return outcome;
}

/** The server lives, and honest clients haven't noticed anything. */
export function expectUnharmed(
  outcome: Outcome,
  { isFilling = false, maxMb = MAX_RESIDENT_MB }: { isFilling?: boolean; maxMb?: number } = {},
): void {
  const { isAlive, startMb, peakMb, endMb, refused, webSocket, sse, health, slowness } = outcome;
  expect({ isAlive, refused }).toEqual({ isAlive: true, refused: [] });
  expect(webSocket.length).toBeGreaterThan(9);
  const delivery = { webSocket: percentile(webSocket, 99), sse: percentile(sse, 99) };
  expect(Math.max(delivery.webSocket, delivery.sse), `deliveries took ${JSON.stringify(delivery)}`).toBeLessThan(
    MAX_DELIVERY_MS * slowness,
  );
  expect([...webSocket, ...sse].filter((ms) => ms === Infinity)).toEqual([]);
  // Of some hundred answers, so one that another program on the machine has delayed doesn't count.
  expect(percentile(health, 95), '/health').toBeLessThan(MAX_HEALTH_MS * slowness);
  expect(peakMb, 'the highest resident memory').toBeLessThan(maxMb);
  if (!isFilling) expect(endMb - startMb, 'memory that is left').toBeLessThan(MAX_LEFT_MB);
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

/** Adds the figures to the file that FIGURES names. */
function note({ name, ...args }: Attack, outcome: Outcome): void {
  const file = process.env['FIGURES'];
  if (file === undefined) return;
  const { isAlive, startMb, peakMb, endMb, insertions, refused, webSocket, sse, health, slowness, report } = outcome;
  const [start, peak, end] = [startMb, peakMb, endMb].map(Math.round);
  const timesOf = (values: readonly number[]): string =>
    [50, 99, 100].map((percent) => Math.round(percentile(values, percent))).join('/');
  const times = {
    webSocket: timesOf(webSocket),
    sse: timesOf(sse),
    health: timesOf(health),
    slowness: slowness.toFixed(1),
  };
  const line = {
    name,
    args,
    isAlive,
    start,
    peak,
    end,
    insertions,
    refused: refused.length,
    first: refused[0],
    ...times,
    report,
  };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
