/** graphql-transport-ws message by message: for what a stock client never does, or never shows. */
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { SeamlineServer } from '../../../src/server/server.ts';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface RawSocket {
  send(message: Message | string): void;
  /** The next message; undefined when the socket has closed. To be awaited one by one. */
  next(): Promise<Message | undefined>;
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): void;
}

export interface SocketOptions extends ClientOptions {
  readonly path?: string;
  readonly protocols?: string[];
}

/** Resolves when it is open; rejects with `Unexpected server response: <status>` when the upgrade is refused. */
export async function openSocket(server: SeamlineServer, options: SocketOptions = {}): Promise<RawSocket> {
  const { path = '/graphql', protocols = ['graphql-transport-ws'], ...rest } = options;
  const socket = new WebSocket(new URL(path, server.webSocketUrl), protocols, rest);
  onTestFinished(() => socket.terminate());
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const messages: Message[] = [];
  let wake = (): void => {};
  socket.on('message', (text: Buffer) => {
    messages.push(JSON.parse(text.toString()) as Message);
    wake();
  });
  await once(socket, 'open');
  return {
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async next() {
      while (messages.length === 0) {
        const isClosed = await Promise.race([
          new Promise<false>((resolve) => (wake = () => resolve(false))),
          closed.then(() => true),
        ]);
        if (isClosed && messages.length === 0) return undefined;
      }
      return messages.shift();
    },
    closed,
    close: () => socket.close(1000),
  };
}

/** An open socket on which the server has said `connection_ack`. */
export async function connect(server: SeamlineServer, options?: SocketOptions): Promise<RawSocket> {
  const socket = await openSocket(server, options);
  socket.send({ type: 'connection_init' });
  const ack = await socket.next();
  if (ack?.type !== 'connection_ack') throw new Error(`no connection_ack but ${JSON.stringify(ack)}`);
  return socket;
}

export function subscribeMessage(id: string, query: string, rest: object = {}): Message {
  return { type: 'subscribe', id, payload: { query, ...rest } };
}
