/** What goes over the wire as text, before any client has parsed it. */
import { Agent, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Address } from '../clients/clients.ts';

const agent = new Agent({ keepAlive: true });

/** Posts bytes as they are, with their length; resolves with all of the answer. */
export function postBytes(
  server: Address,
  body: string | Buffer,
  accept = 'application/json',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept, 'content-length': Buffer.byteLength(body) };
    const request = httpRequest(server.url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: String(Buffer.concat(chunks)) }));
      response.once('error', reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}

export interface TextSocket {
  readonly socket: WebSocket;
  /** Runs an operation, whose payload is this text; resolves with its messages' texts, but for `complete`. */
  run(payload: string): Promise<string[]>;
}

/** A WebSocket that the server has let in. */
export async function openTexts(server: Address): Promise<TextSocket> {
  const socket = new WebSocket(server.webSocketUrl, 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  const texts: string[] = [];
  let wake = (): void => {};
  socket.on('message', (message: Buffer) => {
    texts.push(String(message));
    wake();
  });
  socket.on('close', (code) => {
    texts.push(`{"type":"closed","code":${code}}`);
    wake();
  });
  const next = async (): Promise<string> => {
    while (texts.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return texts.shift() ?? '';
  };
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await next();
  return {
    socket,
    async run(payload) {
      socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
      const results: string[] = [];
      for (;;) {
        const text = await next();
        const { type } = JSON.parse(text) as { type: string };
        if (type === 'complete') return results;
        results.push(text);
        if (type !== 'next') return results;
      }
    },
  };
}
