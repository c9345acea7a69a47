/**
 * Measures a reconnect storm: 50 subscribers are live on a map of 100,000 items while 2,000 clients connect at once and replay all of it.
 * Reports the latency of a steady writer's insertions to the 50 subscribers before, during and after the storm.
 *
 *     npm run bench:storm -- --clients 2000 --items 100000 --seconds 60 --kind items
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { lightSocket, type LightSocket } from './soak/light-socket.ts';
import { quantile } from './quantile.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const { values: flags } = parseArgs({
  options: {
    clients: { type: 'string', default: '2000' },
    items: { type: 'string', default: '100000' },
    /** The replay is measured for this time, whether or not it is complete by then. */
    seconds: { type: 'string', default: '60' },
    kind: { type: 'string', default: 'items' },
    live: { type: 'string', default: '50' },
    rate: { type: 'string', default: '50' },
    'live-port': { type: 'string' },
  },
});
const CLIENTS = Number(flags.clients);
const ITEMS = Number(flags.items);
const LIVE = Number(flags.live);
const CALM_MS = 5000;
const SUBSCRIPTIONS: Readonly<Record<string, string>> = {
  items: 'subscription { items { key value cursor } }',
  itemChanges: 'subscription { itemChanges { reset caughtUp cursor upserted { key value cursor } removed { key } } }',
};

await (flags['live-port'] === undefined ? storm() : live(Number(flags['live-port'])));

/** The live subscribers, in a process of their own, so that the storm's clients do not delay them. */
async function live(port: number): Promise<void> {
  let late: number[] = [];
  const now = (): number => performance.now();
  const head = await openSubscriptions(port, () => late);
  const writer = await opened(port, () => {});
  let count = 0;
  let dueAt = now();
  const timer = setInterval(() => {
    for (; dueAt <= now(); dueAt += 1000 / Number(flags.rate)) {
      const query = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';
      const input = { key: `live-${count++ % 100}`, value: `at:${now()}:` };
      writer.send(JSON.stringify({ type: 'subscribe', id: `w${count}`, payload: { query, variables: { input } } }));
    }
  }, 1);
  process.on('message', (message) => {
    if (message === 'end') {
      clearInterval(timer);
      process.exit();
    }
    const sorted = late.toSorted((a, b) => a - b);
    late = [];
    process.send?.({
      count: sorted.length,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      max: sorted.at(-1) ?? NaN,
      expected: count * LIVE,
    });
    count = 0;
  });
  process.send?.(head);
}

async function openSubscriptions(port: number, late: () => number[]): Promise<string> {
  const query = '{ stream { cursor } }';
  const response = await fetch(`http://127.0.0.1:${port}/graphql?${String(new URLSearchParams({ query }))}`);
  const { cursor } = ((await response.json()) as { data: { stream: { cursor: string } } }).data.stream;
  for (let n = 0; n < LIVE; n++) {
    const socket = await opened(port, (payload) => {
      const from = payload.indexOf('"at:');
      if (from >= 0)
        late().push(performance.now() - Number(payload.toString('latin1', from + 4, payload.indexOf(':', from + 4))));
    });
    const payload = {
      query: 'subscription ($after: String) { items(after: $after) { value } }',
      variables: { after: cursor },
    };
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
  }
  return cursor;
}

/** Resolves with a socket that may subscribe. */
function opened(port: number, onMessage: (payload: Buffer) => void): Promise<LightSocket> {
  return new Promise((resolve, reject) => {
    let isReady = false;
    const socket: LightSocket = lightSocket({
      port,
      onOpen: () => socket.send('{"type":"connection_init"}'),
      onMessage(payload) {
        if (isReady) return onMessage(payload);
        isReady = true;
        resolve(socket);
      },
      onClose: (reason) => reject(new Error('the server closed a connection', { cause: reason })),
    });
  });
}

async function storm(): Promise<void> {
  const served = await startServerProcess(['--max-items', String(ITEMS + 1000)]);
  const filler = 'x'.repeat(100);
  for (let from = 0; from < ITEMS; from += 1000) {
    const inputs = Array.from({ length: Math.min(1000, ITEMS - from) }, (_, n) => ({
      key: `item-${from + n}`,
      value: filler,
    }));
    await served.ask('mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }', { inputs });
  }
  const probe = fork(import.meta.filename, [...process.argv.slice(2), '--live-port', String(served.port)], {
    execArgv: [],
  });
  process.once('exit', () => void probe.kill('SIGKILL'));
  await once(probe, 'message');
  console.log(`${ITEMS} items; ${LIVE} live subscribers, ${flags.rate} insertions per second`);
  await sleep(CALM_MS);
  await asked(probe, served);
  await sleep(CALM_MS);
  console.log(`before: ${await asked(probe, served)}`);

  await herd(served, probe);
  const clients = await replay(served, probe);
  for (const { socket } of clients) socket.destroy();
  await sleep(CALM_MS);
  await asked(probe, served);
  await sleep(CALM_MS);
  console.log(`after: ${await asked(probe, served)}`);
  probe.send('end');
  process.exitCode = (await served.stop()) === 0 ? 0 : 1;
}

interface Lateness {
  readonly count: number;
  readonly expected: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

async function asked(probe: ChildProcess, served: ServerProcess): Promise<string> {
  probe.send('report');
  const [{ count, expected, p50, p99, max }] = (await once(probe, 'message')) as [Lateness];
  const metrics = await served.metrics();
  const delay = (metrics.get('nodejs_eventloop_lag_p99_seconds') ?? NaN) * 1000;
  return (
    `live latency p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}; ${count} of ${expected} deliveries; ` +
    `event-loop delay p99 ${ms(delay)}; ${Math.round(served.residentMegabytes())} MB resident`
  );
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** Only handshakes, all at once. */
async function herd(served: ServerProcess, probe: ChildProcess): Promise<void> {
  const startedAt = performance.now();
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => opened(served.port, () => {})));
  const took = performance.now() - startedAt;
  await sleep(500);
  console.log(`herd: ${CLIENTS} handshakes in ${ms(took)}: ${await asked(probe, served)}`);
  for (const { socket } of sockets) socket.destroy();
  await sleep(1000);
  await asked(probe, served);
}

async function replay(served: ServerProcess, probe: ChildProcess): Promise<LightSocket[]> {
  const startedAt = performance.now();
  const [cpu, ownCpu] = [served.cpuSeconds(), process.cpuUsage()];
  const elapsed = (): number => performance.now() - startedAt;
  const clients: LightSocket[] = [];
  const [doneAfter, firstAfter] = [[] as number[], [] as number[]];
  let [bytes, replayed] = [0, 0];
  const last = Buffer.from(`"item-${ITEMS - 1}"`);
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      let [isFirst, isDone] = [true, false];
      const client = await opened(served.port, (payload) => {
        bytes += payload.length;
        if (isFirst) firstAfter.push(elapsed());
        isFirst = false;
        if (isDone) return;
        replayed += flags.kind === 'items' ? 1 : countOf(payload, '"key"');
        isDone = payload.includes(last);
        if (isDone) doneAfter.push(elapsed());
      });
      clients.push(client);
      client.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: SUBSCRIPTIONS[flags.kind] } }));
    }),
  );
  console.log(`storm of ${flags.kind}: ${CLIENTS} clients were subscribed after ${ms(elapsed())}`);
  while (doneAfter.length < CLIENTS && elapsed() < Number(flags.seconds) * 1000) await sleep(100);
  const took = elapsed() / 1000;
  console.log(`during: ${await asked(probe, served)}`);
  const own = process.cpuUsage(ownCpu);
  firstAfter.sort((a, b) => a - b);
  console.log(
    `  first delivery after ${ms(quantile(firstAfter, 0.5))} (p50), ${ms(firstAfter.at(-1) ?? NaN)} (last of ${firstAfter.length}); ` +
      `${doneAfter.length} of ${CLIENTS} finished the replay in ${took.toFixed(1)} s, the first after ${ms(doneAfter[0] ?? NaN)}, the last after ${ms(doneAfter.at(-1) ?? NaN)}`,
  );
  const rate = replayed / took;
  console.log(
    `  ${Math.round(rate)} items/s replayed, ${(bytes / took / 1e6).toFixed(1)} MB/s: at this rate all ${CLIENTS} need ${Math.round((CLIENTS * ITEMS) / rate)} s; ` +
      `CPU of the server ${Math.round((100 * (served.cpuSeconds() - cpu)) / took)} %, of the clients ${Math.round((own.user + own.system) / 1e4 / took)} %`,
  );
  return clients;
}

function countOf(payload: Buffer, text: string): number {
  let count = 0;
  for (let at = payload.indexOf(text); at >= 0; at = payload.indexOf(text, at + text.length)) count++;
  return count;
}
