/**
 * A soak test: 2,000 subscribers that join, leave, are cut and resume (200 of them stall, 400 have a filter on values), writers at full rate,
 * and hostile connections, against a server in a process of its own. The exit code is 1 when a guarantee is broken, when the server's memory
 * grows, or when it still holds subscriptions or connections after all clients have left.
 *
 *     npm run bench:soak -- --seconds 60
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Churner, type Tally } from './soak/churner.ts';
import { Hostility } from './soak/hostile.ts';
import { Ledger } from './soak/ledger.ts';
import { quantile } from './quantile.ts';
import { type Metrics, startServerProcess } from './server-process.ts';
import { grows, type Sample, slopePerMinute } from './memory-trend.ts';
import { EVERY, ofWriter, type Selection, whereOf } from './soak/selection.ts';
import { runWriter } from './soak/writer.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    subscribers: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
const SECONDS = Number(flags.seconds);
const SUBSCRIBERS = Number(flags.subscribers);
/** A small window makes many subscribers lag, and lets the last ones catch up quickly. */
const WINDOW = 2048;
const WRITERS = 4;
/** Items that are written first and never again: every subscriber must receive each of them. */
const STILL = 100;
/** The number of subscribers that stay to the end and must receive everything. */
const STAYING = 100;
const JOIN_MS = 30_000;
const CATCH_UP_MS = 90_000;

const served = await startServerProcess(['--window', String(WINDOW), '--log-level', 'error']);
const ledger = new Ledger(WINDOW);
const tally: Tally = { deliveries: 0, joins: 0, resumes: 0, ended: 0 };
await writeStill();
const stop = new AbortController();
const writers = Array.from({ length: WRITERS }, (_, n) =>
  runWriter({ port: served.port, name: `w${n}`, ledger, until: stop.signal }),
);
const hostility = new Hostility(served.port, Number(flags.seed));
const churners = await join();
const { samples, delays } = await watch();

stop.abort();
const written = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
hostility.stop();
const complete = await catchUp();
ledger.settle();
for (const churner of churners) churner.leave();
const held = await heldAtTheEnd();
const code = await served.stop();
report();

async function writeStill(): Promise<void> {
  const inputs = Array.from({ length: STILL }, (_, n) => ({ key: `still-${n}`, value: n }));
  ledger.asked += STILL;
  const answer = await served.ask(
    'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key cursor } }',
    { inputs },
  );
  for (const { key, cursor } of (answer as { insertItems: { key: string; cursor: string }[] }).insertItems)
    ledger.learn(key, cursor, false);
}

async function join(): Promise<Churner[]> {
  const churners: Churner[] = [];
  for (let n = 0; n < SUBSCRIBERS; n++) {
    const churner = new Churner({
      name: `subscriber ${n}`,
      port: served.port,
      ledger,
      tally,
      kind: n % 2 === 0 ? 'items' : 'itemChanges',
      transport: n % 8 < 2 ? 'sse' : 'websocket',
      selection: selectionOf(n),
      stalls: n % 20 === 0 || n % 20 === 1 ? (n % 40 < 20 ? 'for good' : 'for a while') : 'never',
    });
    churners.push(churner);
    churner.join();
    if (n % 20 === 19) await sleep((JOIN_MS * 20) / SUBSCRIBERS);
  }
  return churners;
}

/** Of five subscribers, one has a writer's keys, one a filter on values, and three have every item. */
function selectionOf(n: number): Selection {
  const prefix = `w${n % WRITERS}-`;
  if (n % 5 === 4) return ofWriter(prefix);
  return n % 5 === 3 ? whereOf(Math.floor(n / 10), prefix) : EVERY;
}

interface Watched {
  readonly samples: readonly Sample[];
  readonly delays: readonly { p50: number; p99: number }[];
}

async function watch(): Promise<Watched> {
  const samples: Sample[] = [];
  const delays: { p50: number; p99: number }[] = [];
  const startedAt = performance.now();
  for (let second = 1; second <= SECONDS; second++) {
    await sleep(Math.max(0, startedAt + second * 1000 - performance.now()));
    const metrics = await served.metrics();
    const read = (name: string): number => metrics.get(`nodejs_${name}`) ?? NaN;
    const heap = (read('heap_size_used_bytes') + read('external_memory_bytes')) / 2 ** 20;
    samples.push({ atSeconds: (performance.now() - startedAt) / 1000, resident: served.residentMegabytes(), heap });
    delays.push({ p50: read('eventloop_lag_p50_seconds') * 1000, p99: read('eventloop_lag_p99_seconds') * 1000 });
    if (second % 10 === 0)
      console.log(
        `${second} s: ${ledger.violations} violations, ${tally.deliveries} deliveries, ${Math.round(samples.at(-1)?.resident ?? NaN)} MB resident`,
      );
  }
  return { samples, delays };
}

/** Nothing is written any more: the subscribers that stay must now receive everything. */
async function catchUp(): Promise<boolean> {
  const staying = churners.filter((churner) => !churner.isStalled).slice(-STAYING);
  for (const churner of churners) {
    churner.settle();
    if (!staying.includes(churner)) churner.leave();
  }
  const until = performance.now() + CATCH_UP_MS;
  const isOpen = (): boolean => staying.some((churner) => !churner.isComplete());
  while (isOpen() && performance.now() < until) await sleep(100);
  for (const churner of staying) if (!churner.isComplete()) ledger.say(churner.name, 'never got the newest item');
  return !isOpen();
}

async function heldAtTheEnd(): Promise<number> {
  const count = (metrics: Metrics): number => {
    const gauges = [...metrics].filter(([name]) =>
      /^seamline_(subscriptions|connections\{transport="(websocket|sse))/.test(name),
    );
    return gauges.reduce((sum, [, value]) => sum + value, 0);
  };
  for (let tries = 0; tries < 100 && count(await served.metrics()) > 0; tries++) await sleep(100);
  return count(await served.metrics());
}

function report(): void {
  const warm = samples.slice(Math.floor(samples.length / 3));
  const grown = (['resident', 'heap'] as const).filter((name) => grows(warm, name));
  const sorted = (name: 'p50' | 'p99'): number[] => delays.map((delay) => delay[name]).toSorted((a, b) => a - b);
  const last = warm.at(-1);
  console.log(`soak of ${SECONDS} s: ${SUBSCRIBERS} subscribers, ${tally.joins} joins, ${tally.resumes} resumptions, ${hostility.count} hostile connections
  violations        ${ledger.violations}
  deliveries        ${tally.deliveries}, of ${written} changes
  memory            ${Math.round(last?.resident ?? NaN)} MB resident (${slopePerMinute(warm, 'resident').toFixed(1)} MB/min), ${Math.round(last?.heap ?? NaN)} MB heap and buffers (${slopePerMinute(warm, 'heap').toFixed(1)} MB/min)${grown.length > 0 ? `: GROWS (${grown.join(', ')})` : ''}
  event-loop delay  p50 ${quantile(sorted('p50'), 0.5).toFixed(1)} ms, p99 ${quantile(sorted('p99'), 0.5).toFixed(1)} ms in the median second, ${sorted('p99').at(-1)?.toFixed(1)} ms in the worst
  held at the end   ${held} subscriptions and connections; the server ended with code ${code}`);
  for (const example of ledger.examples) console.log(`  ${example}`);
  const isSound = ledger.violations === 0 && complete && grown.length === 0 && held === 0 && code === 0;
  process.exit(isSound ? 0 : 1);
}
