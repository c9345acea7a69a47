/** Calls operations of a server, several at a time, and counts the answers. */
import { connect, type Socket } from 'node:net';
import { FrameCounter } from './counters.ts';
import type { RunningPeer } from './peers.ts';
import { clientFrame, GREETINGS, PONG, post } from './wire.ts';

export interface Operation {
  readonly query: string;
  readonly variables?: object;
}

export const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { cursor } }';
export const INSERT_MANY = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { cursor } }';

/** In bytes. */
const LONGEST_ERROR = 500;
/** An answer is a `next` and a `complete` frame. */
const FRAMES_PER_ANSWER = 2;

/** Calls over one WebSocket. */
export class Caller {
  readonly #socket: Socket;
  readonly #isRaw: boolean;
  /** Rejects when the connection is closed or an operation fails. */
  readonly failure: Promise<never>;
  readonly #fail: (error: Error) => void;
  #id = 0;
  #onAnswer: () => void = () => {};

  private constructor(socket: Socket, isRaw: boolean) {
    this.#socket = socket;
    this.#isRaw = isRaw;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failure = promise;
    this.#fail = reject;
    promise.catch(() => {});
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection of a caller was closed')));
  }

  static async open({ port, wire }: Pick<RunningPeer, 'port' | 'wire'>): Promise<Caller> {
    const isRaw = wire === 'raw';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const caller = new Caller(socket, isRaw);
    const counter = new FrameCounter();
    let [head, isOpen, frames] = ['', false, 0];
    const take = (bytes: Buffer): void => {
      frames += counter.take(bytes, bytes.length);
      if (counter.pings > 0) {
        counter.pings = 0;
        socket.write(PONG);
      }
      if (bytes.includes('"error')) throw new Error(bytes.toString('utf8', 0, LONGEST_ERROR));
      for (; frames >= FRAMES_PER_ANSWER; frames -= FRAMES_PER_ANSWER) caller.#onAnswer();
    };
    const { promise: isReady, resolve } = Promise.withResolvers<void>();
    const greet = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const { opened } = GREETINGS.graphql;
      if (!isRaw && head.length === end + 4) return void (opened && socket.write(opened));
      isOpen = true;
      resolve();
    };
    socket.on('data', (bytes) => {
      try {
        if (isOpen) take(bytes);
        else greet(bytes);
      } catch (error) {
        caller.#fail(error as Error);
      }
    });
    socket.write(GREETINGS.graphql.request);
    await Promise.race([isReady, caller.failure]);
    return caller;
  }

  insert(key: string, value: unknown): void {
    const input = { key, value };
    if (this.#isRaw) this.#socket.write(clientFrame(JSON.stringify(input)));
    else this.call({ query: INSERT, variables: { input } });
  }

  call(payload: Operation): void {
    this.#socket.write(clientFrame(JSON.stringify({ id: String(++this.#id), type: 'subscribe', payload })));
  }

  /** Calls for `ms`, with `inFlight` calls at a time. Resolves with their number once all of them are answered. */
  async callFor(ms: number, inFlight: number, next: (n: number) => Operation): Promise<number> {
    const called = keepInFlight(ms, inFlight, (n, onAnswer) => {
      this.#onAnswer = onAnswer;
      this.call(next(n));
    });
    return Promise.race([called, this.failure]);
  }
}

/** Calls over HTTP, with one request at a time on each kept-alive connection. */
export async function postFor(
  ms: number,
  port: number,
  connections: number,
  next: (n: number) => Operation,
): Promise<number> {
  const idle: ((n: number, onAnswer: () => void) => void)[] = [];
  const failure = Promise.withResolvers<never>();
  const sockets = Array.from({ length: connections }, () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let [text, answered] = ['', (): void => {}];
    const ask = (n: number, onAnswer: () => void): void => {
      answered = onAnswer;
      socket.write(post(next(n), 'application/json'));
    };
    idle.push(ask);
    socket.on('error', failure.reject);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (!isWhole(text)) return;
      if (!text.startsWith('HTTP/1.1 200') || text.includes('"error')) return failure.reject(new Error(text));
      text = '';
      idle.push(ask);
      answered();
    });
    return socket;
  });
  const called = keepInFlight(ms, connections, (n, onAnswer) => idle.shift()?.(n, onAnswer));
  try {
    return await Promise.race([called, failure.promise]);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return false;
  const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= end + Number(length);
}

/** Calls for `ms`, with `inFlight` calls at a time. Resolves with their number once all of them are answered. */
function keepInFlight(ms: number, inFlight: number, call: (n: number, onAnswer: () => void) => void): Promise<number> {
  return new Promise((resolve) => {
    const endsAt = performance.now() + ms;
    let [called, answered] = [0, 0];
    const onAnswer = (): void => {
      answered++;
      if (performance.now() < endsAt) call(called++, onAnswer);
      else if (answered === called) resolve(called);
    };
    while (called < inFlight) call(called++, onAnswer);
  });
}
