/**
 * Measures a server with `--data` on this disk: insertions per second by one writer, by many writers and in batches; the time to start with
 * 1,000,000 items; and how long the event loop stalls while a snapshot of them is made, compared with the same load without one.
 *
 *     npm run bench:data
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { useFrugalHeap } from '../src/cli/process/heap.ts';
import type { Logger } from '../src/core/model/logger.ts';
import { fileLog } from '../src/logs/file/file-log.ts';
import type { SeamlineServer } from '../src/server/server.ts';
import { sizeOf, startServerProcess } from './server-process.ts';

const ITEMS = 1_000_000;
const BATCH = 500;
const WRITERS = 64;
const SECONDS = 4;
const FILLER = 'x'.repeat(60);

const PHASES: Readonly<Record<string, (directory: string) => Promise<void>>> = { write, fill, stall };

const [, , phase, directory = ''] = process.argv;
// `npm start` does the same.
useFrugalHeap();
await (phase === undefined ? all() : PHASES[phase]?.(directory));

async function all(): Promise<void> {
  const here = mkdtempSync('.bench-data-');
  try {
    await inOwnProcess('write', join(here, 'write'));
    const filled = join(here, 'filled');
    await inOwnProcess('fill', filled);
    console.log(`on the disk           ${(bytesIn(filled) / 1e6).toFixed(0)} MB`);
    for (let round = 0; round < 3; round++) await start(filled);
    await inOwnProcess('stall', filled);
  } finally {
    rmSync(here, { recursive: true });
  }
}

async function inOwnProcess(name: string, where: string): Promise<void> {
  const child = fork(import.meta.filename, [name, resolve(where)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`phase ${name} ended with code ${code}`);
}

interface Opened {
  readonly server: SeamlineServer;
  /** Resolves once the next snapshot has been made. */
  readonly snapshot: () => Promise<void>;
}

async function open(where: string, maxItems: number, snapshotBytes?: number): Promise<Opened> {
  let made = (): void => {};
  const say = (_fields: object, line: string): void => (line === 'made a snapshot' ? made() : undefined);
  const logger: Logger = {
    info: say,
    warn: (_fields, line) => console.log(line),
    error: (_fields, line) => console.log(line),
  };
  const { createServer } = await import('../src/server/server.ts');
  const log = fileLog({ directory: where, logger, snapshotBytes });
  const server = await createServer({ port: 0, maxItems, maxBytes: 1024 ** 3, log });
  return { server, snapshot: () => new Promise((resolveMade) => (made = resolveMade)) };
}

function batch(from: number): { key: string; value: unknown }[] {
  return Array.from({ length: BATCH }, (_, n) => ({ key: `item-${from + n}`, value: { n: from + n, filler: FILLER } }));
}

/** Resolves with the items per second. Each writer sends the next call once the previous one is answered. */
async function rate(writers: number, write: (count: number) => Promise<unknown>, items: number): Promise<number> {
  let count = 0;
  const began = performance.now();
  const until = began + SECONDS * 1000;
  const writer = async (): Promise<void> => {
    while (performance.now() < until) await write(count++);
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return (count * items * 1000) / (performance.now() - began);
}

async function write(where: string): Promise<void> {
  const { server } = await open(where, 100_000);
  const { map } = server;
  const single = (count: number): Promise<unknown> =>
    map.insert({ key: `single-${count % 10_000}`, value: { n: count, filler: FILLER } });
  const batches = (count: number): Promise<unknown> => map.insertMany(batch((count * BATCH) % 100_000));
  await rate(WRITERS, single, 1);
  const [one, many] = [await rate(1, single, 1), await rate(WRITERS, single, 1)];
  console.log(`one writer            ${one.toFixed(0)} items/s`);
  console.log(`${WRITERS} writers            ${many.toFixed(0)} items/s, ${(many / one).toFixed(1)} times as many`);
  for (const writers of [1, 4])
    console.log(`batches of ${BATCH}, by ${writers}   ${(await rate(writers, batches, BATCH)).toFixed(0)} items/s`);
  await server.drain();
}

async function fill(where: string): Promise<void> {
  const { server, snapshot } = await open(where, ITEMS);
  const began = performance.now();
  for (let from = 0; from < ITEMS; from += BATCH * 4)
    await Promise.all([0, 1, 2, 3].map((n) => server.map.insertMany(batch(from + n * BATCH))));
  const seconds = (performance.now() - began) / 1000;
  console.log(`${ITEMS} items         written in ${seconds.toFixed(1)} s, including snapshots`);
  // A snapshot in progress may lack many of the items; the one after it has nearly all.
  for (let n = 0; n < 2; n++) {
    const made = snapshot();
    for (let from = 0; from < 200_000; from += BATCH) await server.map.insertMany(batch(from));
    await made;
  }
  await server.drain();
}

async function start(where: string): Promise<void> {
  const began = performance.now();
  const served = await startServerProcess(['--data', resolve(where), '--log-level', 'silent']);
  const seconds = (performance.now() - began) / 1000;
  const size = await sizeOf(served);
  console.log(
    `start                 ${seconds.toFixed(1)} s until ${size} items are served, ${served.residentMegabytes().toFixed(0)} MB resident`,
  );
  await served.stop();
}

/** Measures the stalls under the same light load without and with a snapshot. */
async function stall(where: string): Promise<void> {
  const { server, snapshot } = await open(where, ITEMS, 4 * 1024 * 1024);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const load = async (until: Promise<unknown>): Promise<string> => {
    let isOver = false;
    void until.then(() => (isOver = true));
    delay.reset();
    delay.enable();
    const began = performance.now();
    for (let n = 0; !isOver; n++) {
      await server.map.insertMany(batch(n).slice(0, 10));
      await sleep(10);
    }
    delay.disable();
    const [longest, usual] = [delay.max, delay.percentile(99)].map((ns) => (ns / 1e6).toFixed(1));
    return `longest ${longest} ms, p99 ${usual} ms, in ${((performance.now() - began) / 1000).toFixed(1)} s`;
  };
  // Waits for the snapshot that is due after the start, and for the garbage of loading to be collected.
  await Promise.race([snapshot(), sleep(30_000)]);
  await sleep(10_000);
  console.log(`stall, light load     ${await load(sleep(15_000))}`);
  for (let round = 0; round < 3; round++) {
    for (let from = 0; from < 25_000; from += BATCH) await server.map.insertMany(batch(from));
    // The garbage is collected before the load makes the next snapshot due.
    await sleep(8000);
    console.log(`stall, with snapshot  ${await load(snapshot())}`);
  }
  console.log(`resident              ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`);
  await server.drain();
}

function bytesIn(where: string): number {
  return readdirSync(where).reduce((sum, name) => sum + statSync(join(where, name)).size, 0);
}
