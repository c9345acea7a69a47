/** One subscription over any transport, read at full speed: its parsed results, in order. */
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Address, Result } from './clients.ts';
import { MULTIPART } from './doors.ts';

export interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

type Data = Readonly<Record<string, unknown>>;

export class Reader {
  /** A terminal error is a result with `errors`. */
  readonly results: Result<Data>[] = [];
  /** The event ids, over SSE. */
  readonly ids: (string | undefined)[] = [];
  isOver = false;
  readonly leave: () => void;
  #failure: unknown;
  #wake: () => void = () => {};

  constructor(open: (reader: Reader) => () => void) {
    const leave = open(this);
    this.leave = leave;
    onTestFinished(leave);
  }

  add(json: string, id?: string): void {
    this.results.push(JSON.parse(json) as Result<Data>);
    this.ids.push(id);
    this.#wake();
  }

  end(error?: unknown): void {
    this.isOver = true;
    this.#failure = error;
    this.#wake();
  }

  /** The value of the only root field of each result. */
  delivered<T>(): T[] {
    return this.results.map(({ data }) => Object.values(data ?? {})[0] as T);
  }

  /** Resolves when the condition holds; rejects if the subscription ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.isOver) throw new Error(`ended after ${this.results.length} results`, { cause: this.#failure });
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  reaches(count: number): Promise<void> {
    return this.until(() => this.results.length >= count);
  }

  async ends(): Promise<void> {
    await this.until(() => this.isOver);
    if (this.#failure) throw this.#failure;
  }
}

export interface Wire {
  readonly name: string;
  read(server: Address, asked: Asked, headers?: Readonly<Record<string, string>>): Reader;
}

export const webSocket: Wire = {
  name: 'WebSocket',
  read: (server, asked, headers = {}) =>
    new Reader((reader) => {
      const socket = new WebSocket(server.webSocketUrl, 'graphql-transport-ws', { headers });
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('error', () => {});
      socket.on('close', () => reader.end());
      socket.on('message', (text: Buffer) => {
        const { type, payload } = JSON.parse(text.toString()) as { type: string; payload: unknown };
        if (type === 'connection_ack') socket.send(JSON.stringify({ id: 'α1', type: 'subscribe', payload: asked }));
        if (type === 'next') reader.add(JSON.stringify(payload));
        if (type === 'error') reader.add(JSON.stringify({ errors: payload }));
        if (type === 'error' || type === 'complete') reader.end();
      });
      return () => socket.terminate();
    }),
};

/** A response body in pieces; the last piece is held back until it is complete. */
function overHttp(
  { url }: Address,
  asked: Asked,
  headers: Readonly<Record<string, string>>,
  { delimiter, take }: { delimiter: string; take: (reader: Reader, piece: string) => void },
): Reader {
  return new Reader((reader) => {
    const controller = new AbortController();
    const { signal } = controller;
    const body = JSON.stringify(asked);
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, signal };
    const run = async (): Promise<void> => {
      const response = await fetch(url, init);
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of response.body ?? []) {
        // A separator may be split over two chunks.
        const pieces = (rest + decoder.decode(chunk, { stream: true })).split(delimiter);
        rest = pieces.pop() ?? '';
        for (const piece of pieces) take(reader, piece);
      }
      // A response that is not a stream.
      if (/json/.test(response.headers.get('content-type') ?? '')) reader.add(rest);
    };
    run().then(
      () => reader.end(),
      (error: unknown) => reader.end(error),
    );
    return () => controller.abort();
  });
}

export const sse: Wire = {
  name: 'SSE',
  read: (server, asked, headers) =>
    overHttp(
      server,
      asked,
      { accept: 'text/event-stream', ...headers },
      {
        delimiter: '\n\n',
        take(reader, event) {
          const fields = new Map(event.split('\n').map((line) => [line.split(': ', 1)[0] ?? '', line] as const));
          const valueOf = (name: string): string | undefined => fields.get(name)?.slice(name.length + 2);
          if (valueOf('event') === 'next') reader.add(valueOf('data') ?? '', valueOf('id'));
          if (valueOf('event') === 'complete') reader.end();
        },
      },
    ),
};

export const multipart: Wire = {
  name: 'multipart',
  read: (server, asked, headers) =>
    overHttp(
      server,
      asked,
      { accept: MULTIPART, ...headers },
      {
        delimiter: '\r\n--graphql',
        take(reader, part) {
          const json = part.slice(part.indexOf('\r\n\r\n') + 4);
          const { payload } = JSON.parse(part === '' ? '{}' : json) as { payload?: unknown };
          if (payload !== undefined) reader.add(JSON.stringify(payload));
        },
      },
    ),
};

export const wires: readonly Wire[] = [webSocket, sse, multipart];
