/** Bytes to the server and what comes back, without a client in between that would know better. */
import { connect, type Socket } from 'node:net';
import type { SeamlineServer } from '../../src/server/server.ts';

export interface Conversation {
  readonly bytes: Buffer;
  /** Says that nothing more will come, as soon as the bytes are written. */
  readonly isHalfClosed: boolean;
  /** Called with all that has come so far, whenever more comes. */
  readonly onReceived?: (received: Buffer, socket: Socket) => void;
}

/** Resolves with everything that was received once the connection has closed, in whichever way. */
export function converse(server: SeamlineServer, { bytes, isHalfClosed, onReceived }: Conversation): Promise<Buffer> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    if (isHalfClosed) socket.end(bytes);
    else socket.write(bytes);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      onReceived?.(received, socket);
    });
    // A server that has had enough of it resets the connection.
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}
