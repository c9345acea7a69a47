/** A WebSocket byte by byte: one that can stop reading, and shows every frame and how it came. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { framesIn, INIT, text, UPGRADE } from '../fuzz/frames.ts';
import type { Message } from './raw-sockets.ts';

const [TEXT, CLOSE] = [1, 8];

export class WireSocket {
  readonly client: Socket;
  /** The server's end of it. */
  readonly remote: Socket;
  readonly messages: Message[] = [];
  /** Of the close frame. */
  closeCode: number | undefined;
  /** Of frames after the close frame. */
  afterClose = 0;
  isOver = false;
  #rest: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(client: Socket, remote: Socket) {
    this.client = client;
    this.remote = remote;
    client.on('data', (chunk) => this.#receive(chunk));
    client.on('close', () => {
      this.isOver = true;
      this.#wake();
    });
  }

  /** Upgraded and let in, with `head` before the first message. */
  static async open(server: SeamlineServer, init: Buffer = INIT): Promise<WireSocket> {
    const { hostname, port } = new URL(server.url);
    const client = connect({ host: hostname, port: Number(port), noDelay: true });
    client.on('error', () => {});
    onTestFinished(() => void client.destroy());
    const remotes: Socket[] = [];
    const seen = (message: unknown): void => void remotes.push((message as { socket: Socket }).socket);
    subscribe('net.server.socket', seen);
    await once(client, 'connect');
    client.write(Buffer.concat([UPGRADE, init]));
    let head = Buffer.alloc(0);
    while (!head.includes('\r\n\r\n')) head = Buffer.concat([head, ((await once(client, 'data')) as [Buffer])[0]]);
    unsubscribe('net.server.socket', seen);
    const remote = remotes.find(({ remotePort }) => remotePort === client.localPort);
    if (!remote) throw new Error('no other end');
    const socket = new WireSocket(client, remote);
    socket.#receive(head.subarray(head.indexOf('\r\n\r\n') + 4));
    await socket.until(({ messages }) => messages.some(({ type }) => type === 'connection_ack'));
    socket.messages.length = 0;
    return socket;
  }

  /** In one write. */
  send(...messages: readonly Message[]): void {
    this.client.write(Buffer.concat(messages.map((message) => text(JSON.stringify(message)))));
  }

  /** Resolves once it holds; rejects when the connection has ended before. */
  async until(holds: (socket: this) => boolean): Promise<void> {
    while (!holds(this)) {
      if (this.isOver) throw new Error(`closed with ${this.closeCode} after ${this.messages.length} messages`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Everything that was sent before has been read, and what it set off has been answered, when this resolves. */
  async fence(): Promise<void> {
    const id = `fence ${Math.random()}`;
    this.send({ type: 'subscribe', id, payload: { query: '{ stream { epoch } }' } });
    await this.until(({ messages }) => messages.some((message) => message.id === id && message.type === 'complete'));
  }

  of(id: string): Message[] {
    return this.messages.filter((message) => message.id === id);
  }

  #receive(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (const { opcode, payload } of framesIn(bytes)) {
      at = payload.byteOffset - bytes.byteOffset + payload.length;
      if (this.closeCode !== undefined) this.afterClose++;
      if (opcode === TEXT) this.messages.push(JSON.parse(payload.toString()) as Message);
      if (opcode === CLOSE) this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    this.#wake();
  }

  /** What has come of a frame that isn't whole. */
  get rest(): number {
    return this.#rest.length;
  }
}
