/** Raw connections of an attacker, who reads only when told to. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { frame, requestOf, UPGRADE } from '../../sockets/client-bytes.ts';

/** Connects. Errors are ignored: the server may close whenever it wants. */
export async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

/** Connects many times, some at once. */
export async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count)
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(200, count - sockets.length) }, () => open(port)))),
    );
  return sockets;
}

export const text = (message: object): Buffer => frame(1, JSON.stringify(message));

export const subscribe = (id: string, query: string, rest: object = {}): Buffer =>
  text({ type: 'subscribe', id, payload: { query, ...rest } });

/** A WebSocket that was let in, and reads nothing from then on unless it is resumed. */
export async function openWebSocket(port: number, init: object = { type: 'connection_init' }): Promise<Socket> {
  const socket = await open(port);
  socket.write(Buffer.concat([Buffer.from(requestOf(UPGRADE)), text(init)]));
  let read = '';
  while (!read.includes('connection_ack') && !socket.destroyed) {
    const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean];
    read += String(chunk);
  }
  socket.pause();
  return socket;
}

export function postOf(body: string, headers: readonly string[] = []): string {
  const lines = ['POST /graphql HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'];
  return requestOf([...lines, ...headers, `Content-Length: ${Buffer.byteLength(body)}`], body);
}

export const queryOf = (query: string, rest: object = {}): string => JSON.stringify({ query, ...rest });

/** Posts and reads the answer whole. */
export async function post(port: number, body: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return response.text();
}

/** Resolves when the bytes are in the kernel, or the connection has closed. */
export async function written(socket: Socket, bytes: Buffer | string): Promise<void> {
  if (socket.destroyed) return;
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.write(bytes, () => resolve());
  });
}
