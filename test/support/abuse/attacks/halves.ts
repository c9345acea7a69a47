/** Connections, requests and messages that are begun and never ended. */
import type { Socket } from 'node:net';
import type { Run } from '../attacker.ts';
import { frame, requestOf, UPGRADE } from '../../sockets/client-bytes.ts';
import { openMany, written } from './lines.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const POST = ['POST /graphql HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'];

const BEGINNINGS: Readonly<Record<string, string>> = {
  nothing: '',
  headers: 'GET /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
  upgrade: `${UPGRADE.join('\r\n')}\r\n`,
  /** Without `connection_init`. */
  webSocket: requestOf(UPGRADE),
  body: requestOf([...POST, 'Content-Length: 1000000']),
};

/** Opens connections with a beginning; then sends a byte a second on each. */
const halfOpen: Run = async (port, { count, beginning, seconds = 3, again = false }) => {
  const begin = async (): Promise<Socket[]> => {
    const sockets = await openMany(port, Number(count));
    for (const socket of sockets) {
      socket.resume();
      socket.write(BEGINNINGS[String(beginning)] ?? '');
    }
    return sockets;
  };
  let sockets = await begin();
  for (let second = 0; second < Number(seconds); second++) {
    await sleep(1000);
    const isSlow = beginning === 'headers' || beginning === 'body';
    if (isSlow) for (const socket of sockets) if (!socket.destroyed) socket.write('x');
    if (again === true) {
      for (const socket of sockets) socket.destroy();
      sockets = await begin();
    }
  }
  return { open: sockets.filter(({ destroyed }) => !destroyed).length };
};

/** Bodies that lack their last byte. */
const unfinishedBodies: Run = async (port, { count, bytes = 1_000_000 }) => {
  const sockets = await openMany(port, Number(count));
  const body = `{"query":"{ stream { size } }","variables":{"x":"${'x'.repeat(Number(bytes))}`;
  const head = requestOf([...POST, `Content-Length: ${body.length + 3}`]);
  for (const socket of sockets) {
    socket.resume();
    await Promise.race([written(socket, head + body), sleep(200)]);
  }
  await sleep(2000);
  return { open: sockets.filter(({ destroyed }) => !destroyed).length };
};

/** Chunks of one byte: each costs more than what it carries. */
const tinyChunks: Run = async (port, { count, chunks }) => {
  const sockets = await openMany(port, Number(count));
  const head = requestOf([...POST, 'Transfer-Encoding: chunked']);
  const all = '1\r\nx\r\n'.repeat(Number(chunks));
  for (const socket of sockets) {
    socket.resume();
    await Promise.race([written(socket, head + all), sleep(500)]);
  }
  await sleep(2000);
};

/** Messages that lack their last byte or fragment. `init`: whether `connection_init` goes first. */
const unfinishedMessages: Run = async (port, { count, bytes = 1_000_000, init = false, fragments = 0 }) => {
  const sockets = await openMany(port, Number(count));
  const whole = frame(1, 'x'.repeat(Number(bytes)));
  const pieces = Array.from({ length: Number(fragments) }, (_, n) => frame(n === 0 ? 1 : 0, 'x', { isFinal: false }));
  const message = Number(fragments) > 0 ? Buffer.concat(pieces) : whole.subarray(0, -1);
  for (const socket of sockets) {
    socket.resume();
    const greeting = init === true ? frame(1, '{"type":"connection_init"}') : Buffer.alloc(0);
    await Promise.race([
      written(socket, Buffer.concat([Buffer.from(requestOf(UPGRADE)), greeting, message])),
      sleep(200),
    ]);
  }
  await sleep(2000);
  return { open: sockets.filter(({ destroyed }) => !destroyed).length };
};

/** One byte of a message in each packet. */
const dribble: Run = async (port, { count, seconds = 4 }) => {
  const sockets = await openMany(port, Number(count));
  for (const socket of sockets) {
    socket.resume();
    socket.write(Buffer.concat([Buffer.from(requestOf(UPGRADE)), frame(1, '{"type":"connection_init"}')]));
    socket.write(frame(1, 'x'.repeat(1_000_000)).subarray(0, 14));
  }
  const due = performance.now() + Number(seconds) * 1000;
  let sent = 0;
  while (performance.now() < due) {
    for (const socket of sockets) if (socket.writableLength < 1000) socket.write('x');
    sent += sockets.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { sent };
};

export const halves: Readonly<Record<string, Run>> = {
  halfOpen,
  unfinishedBodies,
  tinyChunks,
  unfinishedMessages,
  dribble,
};
