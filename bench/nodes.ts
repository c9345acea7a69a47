/**
 * Measures nodes of one log, with the engine's servers and the load client on the same machine: insertions per second, the latency to a
 * subscriber of the same and of another node, the time to start a node with 100,000 items, and the deliveries per second of one and two
 * nodes. On PostgreSQL also the latency from the COMMIT of a transaction to a subscriber of each of two nodes.
 *
 *     npm run bench:nodes                  on each engine
 *     npm run bench:nodes -- Redis SQL     on the engines with Redis or SQL in their name
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineServer } from '../test/support/engines/engine-server.ts';
import { NatsServer } from '../test/support/engines/nats.ts';
import { PostgresServer } from '../test/support/engines/postgres.ts';
import { RedisServer } from '../test/support/engines/redis.ts';
import { Caller, INSERT, INSERT_MANY, type Operation } from './load/caller.ts';
import { commitLatencies } from './load/commits.ts';
import { Crowd } from './load/crowd.ts';
import { keyOf, valueOf } from './peers/peer.ts';
import { quantile } from './quantile.ts';
import { type ServerProcess, sizeOf, startServerProcess } from './server-process.ts';

const SECONDS = 3;
const WARM_UP_MS = 2000;
const BATCH = 500;
const ITEMS = 100_000;
const SUBSCRIBERS = 1000;
/** Few keys keep the map small. */
const KEYS = 100;
/** Calls in flight on one socket: a server allows 100. */
const PIPELINED = 64;
const [LATENCIES, EVERY_MS] = [1000, 5];

/** Transactions of programs that insert in SQL. */
const COMMITS = { writers: 8, perSecond: 500, seconds: 10, keys: KEYS };

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
  { name: 'PostgreSQL', start: async () => [await PostgresServer.start()] },
];

const wanted = process.argv.slice(2);
const isWanted = ({ name }: Engine): boolean => wanted.length === 0 || wanted.some((part) => name.includes(part));
for (const engine of ENGINES.filter(isWanted)) {
  const say = (line: string): void => console.log(`${engine.name.padEnd(22)}${line}`);
  await on(engine, async (start, servers) => {
    const [node, other] = [await start(), await start()];
    await latencies(node, other, say);
    for (const server of servers) if (server instanceof PostgresServer) await commits(server, [node, other], say);
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
      say(`${how}  ${rounded(rate)} items/s, CPU per item ${cpu.map(rounded).join(' and ')} µs`);
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

/** Starts an engine, runs `measure`, and ends everything that was started. */
async function on(
  engine: Engine,
  measure: (start: () => Promise<ServerProcess>, servers: readonly EngineServer[]) => Promise<void>,
): Promise<void> {
  const servers = await engine.start();
  const nodes: ServerProcess[] = [];
  const flags = [...flagsOf(servers), ...(engine.flags ?? []), '--log-level', 'error'];
  try {
    await measure(async () => {
      const node = await startServerProcess(flags);
      nodes.push(node);
      return node;
    }, servers);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The servers of a cluster are passed in one flag. */
function flagsOf(servers: readonly EngineServer[]): readonly string[] {
  return servers[0]?.flags(servers.map(({ url }) => url).join(',')) ?? [];
}

function callerOf({ port }: ServerProcess): Promise<Caller> {
  return Caller.open({ port, wire: 'graphql' });
}

function inputAt(n: number): object {
  return { key: keyOf(n % ITEMS), value: valueOf(n) };
}

function batchFrom(from: number): object[] {
  return Array.from({ length: BATCH }, (_, n) => inputAt(from + n));
}

/**
 * Resolves with the items per second, and with the CPU time per item in µs on the node that is written to and on another node. Each writer
 * sends the next call once the previous one is answered.
 */
async function insertions(
  node: ServerProcess,
  other: ServerProcess,
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

/** Measures the latency of insertions on one node to a subscriber of that node and to one of another node. */
async function latencies(node: ServerProcess, other: ServerProcess, say: (line: string) => void): Promise<void> {
  for (const [where, to] of [
    ['to the same node', node],
    ['to another node ', other],
  ] as const) {
    const crowd = new Crowd(to.port, 'graphql');
    const caller = await callerOf(node);
    await node.ask(`mutation { insertItem(input: { key: "first", value: 0 }) { cursor } }`);
    await crowd.join(1, await sizeOf(node));
    // The insertion may reach another node after the subscriber.
    await sleep(500);
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

/** Measures the latency of transactions to a subscriber of each node, from the moment that COMMIT is sent. */
async function commits(
  server: PostgresServer,
  nodes: readonly ServerProcess[],
  say: (line: string) => void,
): Promise<void> {
  const options = { url: server.url, ports: nodes.map(({ port }) => port), ...COMMITS };
  await commitLatencies({ ...options, seconds: WARM_UP_MS / 1000 });
  for (const [at, sorted] of (await commitLatencies(options)).entries()) {
    const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
    const rate = rounded(sorted.length / COMMITS.seconds);
    say(`from COMMIT to node ${at + 1}, ${rate} commits/s  p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
  }
}

async function fill(node: ServerProcess): Promise<void> {
  for (let from = 0; from < ITEMS; from += BATCH) await node.ask(INSERT_MANY, { inputs: batchFrom(from) });
}

async function startUp(start: () => Promise<ServerProcess>, say: (line: string) => void): Promise<void> {
  const began = performance.now();
  const node = await start();
  const seconds = (performance.now() - began) / 1000;
  const size = await sizeOf(node);
  say(`start-up  ${seconds.toFixed(2)} s until ${size} items are served, ${rounded(node.residentMegabytes())} MB`);
}

/** Measures deliveries to the same number of subscribers, spread over the nodes, with eight insertions in flight on the first node. */
async function deliver(
  nodes: readonly ServerProcess[],
  ms: number,
  say: (line: string) => void = () => {},
): Promise<void> {
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
    `${nodes.length} nodes  ${rounded(count / seconds)} deliveries/s to ${SUBSCRIBERS} subscribers, ${rounded(inserted / seconds)} insertions/s, ${cpu.map((one) => one.toFixed(2)).join(' and ')} µs CPU each`,
  );
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
