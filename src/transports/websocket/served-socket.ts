import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Connection } from './connection.ts';

/** The transport, as its sockets see it. */
export interface SocketHost {
  received(message: Buffer, isBinary: boolean, connection: Connection): void;
  broken(error: Error, connection: Connection): void;
  left(code: number, reason: Buffer, connection: Connection): void;
}

/** A socket of `ws` that tells its connection what happens. Listeners for each socket take 700 bytes. */
export class ServedSocket extends WebSocket {
  #host: SocketHost | undefined;
  #connection: Connection | undefined;

  serve(host: SocketHost, connection: Connection): void {
    this.#host = host;
    this.#connection = connection;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const host = this.#host;
    const connection = this.#connection;
    if (!host || !connection) return super.emit(event, ...args);
    // `ws` passes each message as one Buffer by default.
    if (event === 'message') host.received(args[0] as Buffer, args[1] as boolean, connection);
    else if (event === 'ping') connection.pong(args[0] as Buffer);
    else if (event === 'error') host.broken(args[0] as Error, connection);
    else {
      if (event === 'close') host.left(args[0] as number, args[1] as Buffer, connection);
      return super.emit(event, ...args);
    }
    return true;
  }
}

const CONNECTION = Symbol('connection');

type Tcp = Socket & { [CONNECTION]?: Connection };

/** The same for its TCP socket: one property, and listeners that all sockets share. */
export function tellConnection(tcp: Tcp, connection: Connection): void {
  tcp[CONNECTION] = connection;
  tcp.on('data', onData);
  tcp.on('drain', onDrain);
}

function onData(this: Tcp, chunk: Buffer): void {
  this[CONNECTION]?.take(chunk);
}

function onDrain(this: Tcp): void {
  this[CONNECTION]?.outlet.drained();
}
