import type { WebSocket as Served } from 'graphql-ws';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Receiving } from './receiving.ts';

/** The transport, as its connections see it. */
export interface SocketHost<Connection> {
  /** graphql-ws. */
  readonly server: { opened(socket: Served, extra: Connection): (code?: number, reason?: string) => Promise<void> };
  readonly receiving: Receiving;
  readonly initTimeoutMs: number;
  /** The errors of a subscription that has failed, as JSON. */
  failure(error: unknown): string;
  received(message: Buffer, isBinary: boolean, connection: Connection): void;
  broken(error: Error, connection: Connection): void;
  left(code: number, reason: Buffer, connection: Connection): void;
}

/** The connection, as its sockets see it. */
export interface SocketOwner {
  readonly host: SocketHost<this>;
  readonly outlet: { drained(): void };
  readonly reception: { take(chunk: Buffer): void } | undefined;
  pong(data: Buffer): void;
}

/** A socket of `ws` that tells its connection what happens. Listeners for each socket take 700 bytes. */
export class ServedSocket extends WebSocket {
  #owner: SocketOwner | undefined;

  serve(owner: SocketOwner): void {
    this.#owner = owner;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const owner = this.#owner;
    if (!owner) return super.emit(event, ...args);
    const { host } = owner;
    // `ws` passes each message as one Buffer by default.
    if (event === 'message') host.received(args[0] as Buffer, args[1] as boolean, owner);
    else if (event === 'ping') owner.pong(args[0] as Buffer);
    else if (event === 'error') host.broken(args[0] as Error, owner);
    else {
      if (event === 'close') host.left(args[0] as number, args[1] as Buffer, owner);
      return super.emit(event, ...args);
    }
    return true;
  }
}

const OWNER = Symbol('owner');

type Tcp = Socket & { [OWNER]?: SocketOwner };

/** The same for its TCP socket: one property, and listeners that all sockets share. */
export function tellOwner(tcp: Tcp, owner: SocketOwner): void {
  tcp[OWNER] = owner;
  tcp.on('data', onData);
  tcp.on('drain', onDrain);
}

function onData(this: Tcp, chunk: Buffer): void {
  this[OWNER]?.reception?.take(chunk);
}

function onDrain(this: Tcp): void {
  this[OWNER]?.outlet.drained();
}

/** A close frame has room for 123 bytes; a character that is cut in two becomes a character of three bytes. */
export function closeReason(reason: string): string {
  return Buffer.from(reason).subarray(0, 120).toString();
}
