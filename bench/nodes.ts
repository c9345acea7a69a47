/**
 * What nodes of one log do on this machine, the log's servers and the load client beside them: insertions a second, how long one is on its
 * way to a subscriber of the same and of another node, how long a node takes to start with 100,000 items, what one and two nodes
 * deliver a second.
 *
 *     npm run bench:nodes                  on each engine
 *     npm run bench:nodes -- Redis         on those that are called so
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineServer } from '../test/support/engines/engine-server.ts';
import { NatsServer } from '../test/support/engines/nats.ts';
import { RedisServer } from '../test/support/engines/redis.ts';
import { Caller, INSERT, INSERT_MANY, type Operation } from './load/caller.ts';
import { Crowd } from './load/crowd.ts';
import { keyOf, valueOf } from './peers/peer.ts';
import { quantile } from './quantile.ts';
import { type Served, sizeOf, startServed } from './served.ts';

const SECONDS = 3;
const WARM_UP_MS = 2000;
const BATCH = 500;
const ITEMS = 100_000;
const SUBSCRIBERS = 1000;
/** A hundred keys, so that the map stays small. */
const KEYS = 100;
/** Of one socket: a server allows 100. */
const PIPELINED = 64;
const [LATENCIES, EVERY_MS] = [1000, 5];

interface Engine {
  readonly name: string;
  readonly start: () => Promise<readonly EngineServer[]>;
  readonly flags?: readonly string[];
}

const ENGINES: readonly Engine[] = [
  { name: 'one nats-server', start: async () => [await NatsServer.start()] },
  { name: 'three nats-servers', start: () => NatsServer.startCluster(), flags: ['--nats-replicas', '3'] },
  ...['always', 'everysec'].map((flush) => ({
    name: `Redis, fsync ${flush}`,
    start: async () => [await RedisServer.start({ config: [`appendfsync ${flush}`] })],
  })),
];

const [wanted = ''] = process.argv.slice(2);
for (const engine of ENGINES.filter(({ name }) => name.includes(wanted))) {
  const say = (line: string): void => console.log(`${engine.name.padEnd(22)}${line}`);
  await on(engine, async (start) => {
    const [node, other] = [await start(), await start()];
    await latencies(node, other, say);
    await insertions(node, other, 1, 1, WARM_UP_MS);
    for (const [writers, batch] of [
      [1, 1],
      [64, 1],
      [256, 1],
      [1, BATCH],
      [4, BATCH],
    ] as const) {
      const { rate, cpu } = await insertions(node, other, writers, batch, SECONDS * 1000);
      const how = `${writers} writers, ${batch === 1 ? 'one by one' : `batches of ${batch}`}`;
      say(`${how}  ${rounded(rate)} items/s, CPU of an item ${cpu.map(rounded).join(' and ')} µs`);
    }
  });
  await on(engine, async (start) => {
    await fill(await start());
    for (let round = 0; round < 3; round++) await startUp(start, say);
  });
  await on(engine, async (start) => {
    const [one, other] = [await start(), await start()];
    for (const nodes of [[one], [one, other]]) {
      await deliver(nodes, WARM_UP_MS);
      await deliver(nodes, SECONDS * 1000, say);
    }
  });
}

/** Ends whatever was started. */
async function on(engine: Engine, measure: (start: () => Promise<Served>) => Promise<void>): Promise<void> {
  const servers = await engine.start();
  const nodes: Served[] = [];
  const flags = [...flagsOf(servers), ...(engine.flags ?? []), '--log-level', 'error'];
  try {
    await measure(async () => {
      const node = await startServed(flags);
      nodes.push(node);
      return node;
    });
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Servers of one cluster are named together. */
function flagsOf(servers: readonly EngineServer[]): readonly string[] {
  return servers[0]?.flags(servers.map(({ url }) => url).join(',')) ?? [];
}

function callerOf({ port }: Served): Promise<Caller> {
  return Caller.open({ port, wire: 'graphql' });
}

function inputAt(n: number): object {
  return { key: keyOf(n % ITEMS), value: valueOf(n) };
}

function batchFrom(from: number): object[] {
  return Array.from({ length: BATCH }, (_, n) => inputAt(from + n));
}

/**
 * Items a second: each writer goes on as soon as it is answered. And the CPU that an item costs the node that is written to, and another
 * one that follows, in µs.
 */
async function insertions(
  node: Served,
  other: Served,
  writers: number,
  batch: 1 | typeof BATCH,
  ms: number,
): Promise<{ rate: number; cpu: number[] }> {
  const sockets = Math.ceil(writers / PIPELINED);
  const callers = await Promise.all(Array.from({ length: sockets }, () => callerOf(node)));
  const next = (n: number): Operation =>
    batch === 1
      ? { query: INSERT, variables: { input: inputAt(n) } }
      : { query: INSERT_MANY, variables: { inputs: batchFrom(n * BATCH) } };
  const before = [node, other].map((one) => one.cpuSeconds());
  const began = performance.now();
  const counts = await Promise.all(callers.map((caller) => caller.callFor(ms, writers / sockets, next)));
  const items = counts.reduce((sum, count) => sum + count) * batch;
  const rate = (items * 1000) / (performance.now() - began);
  const cpu = [node, other].map((one, at) => ((one.cpuSeconds() - (before[at] ?? 0)) * 1e6) / items);
  return { rate, cpu };
}

/** Of insertions on one node, on the way to a subscriber there and to one of another node. */
async function latencies(node: Served, other: Served, say: (line: string) => void): Promise<void> {
  for (const [where, to] of [
    ['to the same node', node],
    ['to another node ', other],
  ] as const) {
    const crowd = new Crowd(to.port, 'graphql');
    const caller = await callerOf(node);
    await node.ask(`mutation { insertItem(input: { key: "first", value: 0 }) { cursor } }`);
    await crowd.join(1, await sizeOf(node));
    crowd.restart();
    const sentAt: number[] = [];
    const took: number[] = [];
    const all = crowd.until(30, (done) => (ordinal) => {
      took.push(performance.now() - (sentAt[ordinal - 1] ?? NaN));
      if (took.length === LATENCIES) done();
    });
    for (let n = 0; n < LATENCIES; n++) {
      sentAt.push(performance.now());
      caller.insert(keyOf(n % KEYS), valueOf(n));
      await sleep(EVERY_MS);
    }
    await all;
    crowd.leave(1);
    const sorted = took.toSorted((a, b) => a - b);
    const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
    say(`${where}  p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
  }
}

async function fill(node: Served): Promise<void> {
  for (let from = 0; from < ITEMS; from += BATCH) await node.ask(INSERT_MANY, { inputs: batchFrom(from) });
}

async function startUp(start: () => Promise<Served>, say: (line: string) => void): Promise<void> {
  const began = performance.now();
  const node = await start();
  const seconds = (performance.now() - began) / 1000;
  const size = await sizeOf(node);
  say(`start-up  ${seconds.toFixed(2)} s until ${size} items are served, ${rounded(node.residentMegabytes())} MB`);
}

/** As many subscribers in all, however many nodes they are spread over; eight insertions in flight on the first one. */
async function deliver(nodes: readonly Served[], ms: number, say: (line: string) => void = () => {}): Promise<void> {
  const [first] = nodes;
  if (!first) return;
  const caller = await callerOf(first);
  await first.ask(`mutation { insertItem(input: { key: "${keyOf(0)}", value: 0 }) { cursor } }`);
  const items = await sizeOf(first);
  const crowds = nodes.map(({ port }) => new Crowd(port, 'graphql'));
  const size = SUBSCRIBERS / nodes.length;
  for (const crowd of crowds) await crowd.join(size, items);
  await sleep(500);
  for (const crowd of crowds) crowd.restart();
  const cpuBefore = nodes.map((node) => node.cpuSeconds());
  const began = performance.now();
  let inserted = Infinity;
  const waiting: (() => void)[] = [];
  const delivered = crowds.map((crowd) =>
    crowd.until(60, (done) => {
      let count = 0;
      const check = (): void => (count === inserted * size ? done() : undefined);
      waiting.push(check);
      return () => {
        count++;
        check();
      };
    }),
  );
  inserted = await caller.callFor(ms, 8, (n) => ({
    query: INSERT,
    variables: { input: { key: keyOf(n % KEYS), value: valueOf(n) } },
  }));
  for (const check of waiting) check();
  await Promise.all(delivered);
  const seconds = (performance.now() - began) / 1000;
  const count = inserted * SUBSCRIBERS;
  const cpu = nodes.map((node, at) => ((node.cpuSeconds() - (cpuBefore[at] ?? 0)) * 1e6 * nodes.length) / count);
  for (const crowd of crowds) crowd.leave(size);
  say(
    `${nodes.length} nodes  ${rounded(count / seconds)} deliveries/s to ${SUBSCRIBERS} subscribers, ${rounded(inserted / seconds)} insertions/s, ${cpu.map((one) => one.toFixed(2)).join(' and ')} µs of CPU each`,
  );
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
