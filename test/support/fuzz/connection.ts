/** Bytes to the server and what comes back, without a client in between that would know better. */
import { connect, type Socket } from 'node:net';
import type { SeamlineServer } from '../../../src/server/server.ts';

export interface Conversation {
  readonly bytes: Buffer;
  /** Says after so many turns of the event loop that nothing more will come. Default: never. */
  readonly endAfterTurns?: number;
  /** Called with all that has come so far, whenever more comes. */
  readonly onReceived?: (received: Buffer, socket: Socket) => void;
}

/** Resolves with everything that was received once the connection has closed, in whichever way. */
export function converse(server: SeamlineServer, { bytes, endAfterTurns, onReceived }: Conversation): Promise<Buffer> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    socket.write(bytes);
    if (endAfterTurns !== undefined) socket.once('connect', () => afterTurns(endAfterTurns, () => socket.end()));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      onReceived?.(received, socket);
    });
    // A server that has had enough of it resets the connection.
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}

export function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run();
  else setImmediate(() => afterTurns(turns - 1, run));
}

/** For a failure's message: as much as one reads. */
export const quoted = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1')).slice(0, 4000);
