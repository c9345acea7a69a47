/** Clients that behave: a writer, a subscriber over WebSocket, another over SSE, and a health check. They measure how they are served. */
import { Agent, get, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** Often enough for a 99th percentile. */
const EVERY_MS = 30;
/** After this time an answer that is missing counts as never. */
const PATIENCE_MS = 10_000;

const PREFIX = 'honest-';
const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { cursor } }';
const SUBSCRIBE = `subscription { items(filter: { keyPrefix: "${PREFIX}" }) { value } }`;

/** Times in ms; `Infinity` for what never came. */
export interface HonestFigures {
  readonly insertions: number;
  readonly refused: readonly string[];
  readonly webSocket: readonly number[];
  readonly sse: readonly number[];
  readonly health: readonly number[];
}

interface Delivered {
  readonly data?: { readonly items?: { readonly value: number } } | null;
}

export class Honest {
  readonly #origin: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 20 });
  readonly #sentAt: number[] = [];
  readonly #refused: string[] = [];
  readonly #got = { webSocket: [] as number[], sse: [] as number[] };
  readonly #health: number[] = [];
  readonly #ending = new AbortController();
  readonly #running: Promise<void>[] = [];

  readonly #authorization: { authorization?: string };

  constructor(port: number, token?: string) {
    this.#origin = `http://127.0.0.1:${port}`;
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async start(): Promise<void> {
    await Promise.all([this.#overWebSocket(), this.#overSse()]);
    this.#running.push(
      this.#each(() => this.#insert()),
      this.#each(() => this.#ask()),
    );
  }

  /** Stops writing, and resolves once everything has arrived or nobody would wait any longer. */
  async stop(): Promise<HonestFigures> {
    this.#ending.abort();
    await Promise.all(this.#running);
    const due = performance.now() + PATIENCE_MS;
    const isWhole = (): boolean =>
      [this.#got.webSocket, this.#got.sse].every((got) => this.#sentAt.every((_, n) => n in got || this.#refused[n]));
    while (!isWhole() && performance.now() < due) await delay(20);
    this.#agent.destroy();
    this.#socket?.terminate();
    this.#stream?.destroy();
    const timesOf = (got: readonly number[]): number[] =>
      this.#sentAt.flatMap((_, n) => (this.#refused[n] === undefined ? [got[n] ?? Infinity] : []));
    return {
      insertions: this.#sentAt.length,
      refused: Object.values(this.#refused),
      webSocket: timesOf(this.#got.webSocket),
      sse: timesOf(this.#got.sse),
      health: this.#health,
    };
  }

  /** Begins one call after the other at a steady pace, however long they take. */
  async #each(call: () => Promise<void>): Promise<void> {
    const calls: Promise<void>[] = [];
    while (!this.#ending.signal.aborted) {
      calls.push(call());
      await delay(EVERY_MS);
    }
    await Promise.all(calls);
  }

  async #insert(): Promise<void> {
    const n = this.#sentAt.push(performance.now()) - 1;
    const variables = { input: { key: `${PREFIX}${n % 50}`, value: n } };
    const answer = await this.#post(JSON.stringify({ query: INSERT, variables }));
    if (!answer.includes('"cursor"')) this.#refused[n] = answer;
  }

  #post(body: string): Promise<string> {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...this.#authorization,
    };
    return new Promise((resolve) => {
      const sent = request(`${this.#origin}/graphql`, {
        method: 'POST',
        agent: this.#agent,
        headers,
        timeout: PATIENCE_MS,
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', ({ message }) => resolve(message));
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('close', () => resolve(text));
      });
      sent.end(body);
    });
  }

  async #ask(): Promise<void> {
    const start = performance.now();
    const isOk = await new Promise<boolean>((resolve) => {
      const sent = get(`${this.#origin}/health`, { agent: false, timeout: PATIENCE_MS }, (response) => {
        response.resume().on('close', () => resolve(response.statusCode === 200));
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', () => resolve(false));
    });
    this.#health.push(isOk ? performance.now() - start : Infinity);
  }

  #receive(got: number[], json: string): void {
    const { data } = JSON.parse(json) as Delivered;
    const n = data?.items?.value;
    if (n !== undefined) got[n] ??= performance.now() - (this.#sentAt[n] ?? 0);
  }

  #socket: WebSocket | undefined;
  #stream: { destroy(): void } | undefined;

  async #overWebSocket(): Promise<void> {
    const socket = new WebSocket(`${this.#origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: this.#authorization })));
      socket.on('message', (bytes: Buffer) => {
        const message = JSON.parse(bytes.toString()) as { readonly type: string; readonly payload?: unknown };
        if (message.type === 'connection_ack') {
          socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: SUBSCRIBE } }));
          resolve();
        } else if (message.type === 'next') this.#receive(this.#got.webSocket, JSON.stringify(message.payload));
      });
    });
  }

  async #overSse(): Promise<void> {
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json', ...this.#authorization };
    const sent = request(`${this.#origin}/graphql`, { method: 'POST', agent: false, headers });
    this.#stream = sent;
    sent.end(JSON.stringify({ query: SUBSCRIBE }));
    await new Promise<void>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => {
        let rest = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const events = (rest + chunk).split('\n\n');
          rest = events.pop() ?? '';
          for (const event of events) {
            const data = /^data: ?(.*)$/m.exec(event)?.[1];
            if (data?.startsWith('{') === true) this.#receive(this.#got.sse, data);
          }
        });
        response.on('error', () => {});
        resolve();
      });
    });
  }
}
