/** Many subscribers in this process. Each is a bare socket, and all read into one buffer. */
import { connect, type Socket } from 'node:net';
import { ChunkCounter, type Counter, FrameCounter } from './counters.ts';
import type { Wire } from './peers.ts';
import { type Greeting, GREETINGS, PONG } from './wire.ts';

/** Concurrent handshakes. */
const AT_ONCE = 100;

interface Member {
  readonly socket: Socket;
  /** Deliveries since `restart`. */
  count: number;
  readonly counter: Counter;
}

/** `ordinal` is the number of deliveries that the member has received since `restart`. */
type OnDelivery = (ordinal: number, member: number) => void;

export class Crowd {
  readonly #port: number;
  readonly #wire: Wire;
  readonly #buffer = Buffer.allocUnsafe(256 * 1024);
  readonly #greetingOf: (member: number) => Greeting;
  #members: Member[] = [];
  #onDelivery: OnDelivery = () => {};
  #fail: (error: Error) => void = () => {};

  /** By default each member subscribes to all items. */
  constructor(port: number, wire: Wire, greetingOf = (_member: number): Greeting => GREETINGS[wire]) {
    this.#port = port;
    this.#wire = wire;
    this.#greetingOf = greetingOf;
  }

  get size(): number {
    return this.#members.length;
  }

  /** Bytes of all deliveries so far, on the wire. */
  get bytes(): number {
    return this.#members.reduce((sum, { counter }) => sum + counter.bytes, 0);
  }

  /** Resolves once each new subscriber has received `deliveries`. */
  async join(count: number, deliveries = 1, seconds = 60): Promise<void> {
    for (let remaining = count; remaining > 0; remaining -= AT_ONCE) {
      const newcomers = Math.min(remaining, AT_ONCE);
      await this.until(seconds, (done) => {
        let missing = newcomers;
        for (let n = 0; n < newcomers; n++) this.#add();
        return (ordinal) => {
          if (ordinal === deliveries && --missing === 0) done();
        };
      });
    }
  }

  leave(count: number): void {
    for (const { socket } of this.#members.splice(-count)) socket.destroy();
  }

  /** Counts from 0 again. */
  restart(): void {
    for (const member of this.#members) member.count = 0;
  }

  /**
   * Passes each delivery to the function that `start` returns, until `done` is called. Rejects when a subscriber is cut, receives an error, or the time is over.
   */
  async until(seconds: number, start: (done: () => void) => OnDelivery): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        timer = setTimeout(() => reject(new Error(`deliveries are missing after ${seconds} s`)), seconds * 1000);
        this.#onDelivery = start(resolve);
      });
    } finally {
      clearTimeout(timer);
      this.#onDelivery = () => {};
    }
  }

  #add(): void {
    const number = this.#members.length;
    const { request, opened, subscribe } = this.#greetingOf(number);
    const counter = this.#wire === 'sse' ? new ChunkCounter() : new FrameCounter();
    let [head, isOpen, isAwaited] = ['', false, subscribe !== undefined];
    const take = (length: number, bytes: Buffer): void => {
      if (!isOpen) {
        head += bytes.toString('latin1', 0, length);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!/^HTTP\/1.1 (101|200) /.test(head)) throw new Error(head);
        isOpen = true;
        if (opened) socket.write(opened);
        bytes = Buffer.from(head.slice(end + 4), 'latin1');
        length = bytes.length;
      }
      let delivered = counter.take(bytes, length);
      if (counter.pings > 0) {
        counter.pings = 0;
        socket.write(PONG);
      }
      if (delivered === 0) return;
      if (isAwaited && subscribe) {
        isAwaited = false;
        delivered--;
        socket.write(subscribe);
      }
      // Only the first delivery is checked: later ones come from the same document.
      if (member.count === 0 && bytes.subarray(0, length).includes('"error'))
        throw new Error(bytes.toString('utf8', 0, length));
      for (; delivered > 0; delivered--) this.#onDelivery(++member.count, number);
    };
    const callback = (length: number, bytes: Uint8Array): boolean => {
      try {
        take(length, bytes as Buffer);
      } catch (error) {
        this.#fail(error as Error);
      }
      return true;
    };
    const socket = connect({ port: this.#port, host: '127.0.0.1', onread: { buffer: this.#buffer, callback } });
    const member: Member = { socket, count: 0, counter };
    this.#members.push(member);
    const cut = (error?: Error): void => {
      if (this.#members.includes(member)) this.#fail(new Error('a subscriber was cut', { cause: error }));
    };
    socket.on('error', cut);
    socket.on('end', () => cut());
    socket.write(request);
  }
}
