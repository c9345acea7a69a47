/** Many small things, as fast as they go. */
import type { Run } from '../attacker.ts';
import { frame, requestOf, UPGRADE } from '../../sockets/client-bytes.ts';
import { open, openMany, openWebSocket, subscribe, text, written } from './lines.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls again and again until the time is over. Returns how often. */
async function during(seconds: unknown, call: (n: number) => Promise<unknown>): Promise<number> {
  const due = performance.now() + Number(seconds) * 1000;
  let count = 0;
  while (performance.now() < due) await call(count++);
  return count;
}

const CHEAP = 'subscription { items(filter: { keys: ["none"] }) { key } }';

const MESSAGES: Readonly<Record<string, () => Buffer>> = {
  pings: () => text({ type: 'ping' }),
  frames: () => frame(9, 'p'.repeat(125)),
  pongs: () => frame(10, 'p'.repeat(125)),
  completes: () => text({ type: 'complete', id: 'nothing' }),
  empty: () => frame(1, ''),
  churn: () => Buffer.concat([subscribe('churn', CHEAP), text({ type: 'complete', id: 'churn' })]),
  fragments: () =>
    Buffer.concat([
      frame(1, '{"type":"ping"', { isFinal: false }),
      ...Array.from({ length: 200 }, () => frame(0, ' ', { isFinal: false })),
      frame(0, '}'),
    ]),
};

/** A stream of messages on some WebSockets. `unread`: whether their answers stay in the line. */
const messageFlood: Run = async (port, { sockets, seconds = 3, kind, unread = false }) => {
  const all = await Promise.all(Array.from({ length: Number(sockets) }, () => openWebSocket(port)));
  if (unread !== true) for (const socket of all) socket.resume();
  const message = MESSAGES[String(kind)]?.() ?? Buffer.alloc(0);
  const many = Buffer.concat(Array.from({ length: Math.max(1, Math.floor(32_768 / message.length)) }, () => message));
  const batches = await during(seconds, async () => {
    for (const socket of all) if (socket.writableLength < 1_000_000) socket.write(many);
    await new Promise((resolve) => setImmediate(resolve));
  });
  return { batches, open: all.filter(({ destroyed }) => !destroyed).length };
};

/** WebSockets with as many subscriptions as one may have, which then come and go. */
const subscriptionFlood: Run = async (port, { sockets }) => {
  for (let n = 0; n < Number(sockets); n++) {
    const socket = await openWebSocket(port);
    socket.resume();
    for (let id = 0; id < 100; id++) socket.write(subscribe(`s${id}`, CHEAP));
  }
  await sleep(500);
};

/** Connections that come and go. */
const connectionFlood: Run = async (port, { seconds = 3, what = 'tcp' }) => {
  const opened = await during(seconds, async () => {
    const sockets = await openMany(port, 50);
    for (const socket of sockets) {
      if (what === 'webSocket')
        socket.write(Buffer.concat([Buffer.from(requestOf(UPGRADE)), text({ type: 'connection_init' })]));
      if (what === 'invalid') socket.write('nothing of HTTP\r\n\r\n');
    }
    await new Promise((resolve) => setImmediate(resolve));
    for (const socket of sockets) if (what === 'reset') socket.resetAndDestroy();
    for (const socket of sockets) socket.destroy();
    // The kernel hands connections over in the order in which they came, so a faster flood delays those of others, whatever the server does.
    await sleep(25);
  });
  return { opened: opened * 50 };
};

const INVALID = [
  frame(3, 'reserved'),
  Buffer.from([0xf1, 0x80, 0, 0, 0, 0]),
  frame(1, 'no JSON'),
  frame(1, '{"type":"next","id":"1","payload":{}}'),
  frame(0, 'a continuation of nothing'),
  Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
];

/** A WebSocket for each invalid frame. */
const invalidFrames: Run = async (port, { seconds = 3 }) => {
  const tried = await during(seconds, async (n) => {
    const socket = await open(port);
    socket.resume();
    const bytes = [
      Buffer.from(requestOf(UPGRADE)),
      text({ type: 'connection_init' }),
      INVALID[n % INVALID.length] ?? '',
    ];
    await written(socket, Buffer.concat(bytes.map((part) => Buffer.from(part as string))));
    if (n % 50 === 0) await sleep(25);
  });
  return { tried };
};

/** Requests that are refused, each a line in a log that is no line for each. */
const refusedRequests: Run = async (port, { seconds = 3 }) => {
  const [socket] = await openMany(port, 1);
  socket?.resume();
  const request = requestOf([
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    'Content-Type: text/plain',
    'Content-Length: 0',
  ]);
  const sent = await during(seconds, () => (socket ? written(socket, request.repeat(50)) : sleep(1)));
  return { sent: sent * 50 };
};

export const floods: Readonly<Record<string, Run>> = {
  messageFlood,
  subscriptionFlood,
  connectionFlood,
  invalidFrames,
  refusedRequests,
};
