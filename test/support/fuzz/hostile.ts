/** What somebody sends who means harm, and the marks that it would leave. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';

/** Names that mean something to an object which is used as a map. */
export const PROTOTYPE_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupSetter__',
] as const;

/** Own members of what every object inherits from. */
export function prototypes(): Record<string, readonly PropertyKey[]> {
  const all = { Object, Array, String, Number, Function, Map, Set, Promise, RegExp, Error };
  return Object.fromEntries(Object.entries(all).map(([name, made]) => [name, Reflect.ownKeys(made.prototype)]));
}

/** A value that poisons what is merged, assigned or looked up carelessly; as text, for a literal would set the prototype. */
export const POISON = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"polluted"}';

/** Whether any object has what only poison brings. */
export const isPolluted = (): boolean => 'polluted' in {} || 'polluted' in [] || 'polluted' in (() => {});

/** A TCP connection on which nobody speaks a protocol yet; ends with the test. */
export async function openTcp(server: SeamlineServer): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connectTcp({ host: hostname, port: Number(port), noDelay: true });
  onTestFinished(() => void socket.destroy());
  // A server that has had enough resets the connection.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the server closes. */
export async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  if (!socket.closed) await once(socket, 'close');
  return text;
}

/** The first line of an answer, once it is there; '' when the server closes without one. */
export async function statusLine(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes('\r\n')) break;
  }
  return text.split('\r\n', 1)[0] ?? '';
}

/** The bytes that ask for a WebSocket, which then speaks for itself. */
export function upgradeRequest(server: SeamlineServer): string {
  return [
    'GET /graphql HTTP/1.1',
    `Host: ${new URL(server.url).host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n');
}

/** The bytes that post a body. */
export function postRequest(server: SeamlineServer, body: string, headers: readonly string[] = []): string {
  return [
    'POST /graphql HTTP/1.1',
    `Host: ${new URL(server.url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    `\r\n${body}`,
  ].join('\r\n');
}

/** One level in the other, as text: a value of this depth costs an object a level where it is parsed. */
export const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);

/** `piece` of each number from 0, side by side. */
export const numbered = (count: number, piece: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => piece(n)).join(' ');
