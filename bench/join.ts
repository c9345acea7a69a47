/**
 * Measures how long the server's event loop stalls while 20 subscribers join a map of 1,000,000 items. The server has a process of its own.
 *
 *     npm run bench -- --rows join
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { useFrugalHeap } from '../src/cli/process/heap.ts';

const ITEMS = 1_000_000;
const JOINERS = 20;
const ROUNDS = 6;

await (process.send ? serve((answer) => process.send?.(answer)) : load());

/** Answers `start` with its URL, and `stop` with the longest stall since then, in ms. */
async function serve(answer: (text: string) => void): Promise<void> {
  useFrugalHeap();
  const { createServer } = await import('../src/server/server.ts');
  const server = await createServer({ port: 0, maxItems: ITEMS, maxBytes: 1024 ** 3 });
  for (let from = 0; from < ITEMS; from += 1000)
    await server.map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `item-${from + n}`, value: from + n })));
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  process.on('message', (message) => {
    if (message === 'start') {
      delay.reset();
      delay.enable();
      answer(server.webSocketUrl);
    } else {
      delay.disable();
      answer((delay.max / 1e6).toFixed(1));
    }
  });
  answer(`${server.map.replica.items.size} items, ${Math.round(process.memoryUsage().rss / 1e6)} MB resident`);
}

async function load(): Promise<void> {
  const server = fork(import.meta.filename, { execArgv: process.execArgv });
  console.log(await messageFrom(server));
  // The first connection is measured separately: its code is not compiled yet.
  server.send('start');
  const first = await join(await messageFrom(server));
  first.terminate();
  server.send('stop');
  console.log(`the process's first connection: longest stall ${await messageFrom(server)} ms`);
  for (let round = 1; round <= ROUNDS; round++) {
    server.send('start');
    const url = await messageFrom(server);
    const sockets = await Promise.all(Array.from({ length: JOINERS }, () => join(url)));
    await sleep(500);
    server.send('stop');
    const stall = await messageFrom(server);
    console.log(`round ${round}: ${JOINERS} subscribers joined and read; longest stall ${stall} ms`);
    for (const socket of sockets) socket.terminate();
    await sleep(200);
  }
  server.kill();
}

async function messageFrom(server: ChildProcess): Promise<string> {
  const [message] = (await once(server, 'message')) as [string];
  return message;
}

/** Resolves once the first item has arrived; the socket reads on. */
async function join(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { items { key } }' } }));
  await once(socket, 'message');
  return socket;
}
