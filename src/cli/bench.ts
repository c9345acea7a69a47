/** `seamline bench`: what a running server delivers, replays and takes in. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import {
  InsertItemDocument,
  InsertItemsDocument,
  ItemsDocument,
  RemoveItemDocument,
} from '../../schema/documents/graphql.ts';
import type { Target } from '../http-client/http-client.ts';
import { parseArguments, readFrom, TARGET_FLAGS, TARGET_HELP, targetOf, wholeNumber } from './process/arguments.ts';
import { LoadSocket } from './load-socket.ts';

export const HELP = `seamline bench: what a running server delivers, replays and takes in

  seamline bench --url http://127.0.0.1:4000/graphql --subscribers 1000

The rows of the README's benchmark, by wall clock and from this process, which needs a core of its own: for the CPU that each of several
servers takes, \`npm run bench\` in the repository. It inserts some 10,000 items under keys that begin with bench-, and removes them.

${TARGET_HELP}
  --subscribers N  WebSockets that subscribe (default 200)
  --seconds S      for each row (default 5)
`;

const REPLAYED = 10_000;
const BATCH = 500;
/** In seconds: what an end that came too early leaves behind goes by itself. */
const TTL = 600;
/** What is inserted is waited for, in ms. */
const PATIENCE_MS = 60_000;

interface Plan {
  readonly target: Target;
  readonly subscribers: number;
  readonly ms: number;
}

/** The exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const bench = new Bench(parse(args));
  try {
    for await (const [name, figure] of bench.rows()) console.log(`${name.padEnd(52)} ${figure}`);
    return 0;
  } finally {
    bench.close();
  }
}

function parse(args: readonly string[]): Plan {
  const text = { type: 'string' } as const;
  const options = { ...TARGET_FLAGS, subscribers: text, seconds: text } as const;
  const { subscribers = '200', seconds = '5', ...target } = parseArguments(args, options).values;
  return {
    target: targetOf(target),
    subscribers: readFrom('--subscribers', () => wholeNumber(subscribers, 1, 100_000)),
    ms: readFrom('--seconds', () => wholeNumber(seconds, 1, 3600)) * 1000,
  };
}

class Bench {
  readonly #plan: Plan;
  readonly #prefix = `bench-${Date.now().toString(36)}/`;
  readonly #sockets: LoadSocket[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  /** Each as soon as it is measured. Rejects when a call fails or a connection breaks. */
  async *rows(): AsyncGenerator<readonly [string, string], void, void> {
    const { subscribers } = this.#plan;
    const writer = await this.#open();
    yield [
      'insertItem over one WebSocket, 64 in flight',
      `${rate(await this.#callFor(64, () => this.#insert(writer)))} items/s`,
    ];
    yield [
      `insertItems of ${BATCH}, 4 in flight`,
      `${rate((await this.#callFor(4, () => this.#batch(writer))) * BATCH)} items/s`,
    ];
    yield [
      `${REPLAYED.toLocaleString('en-US')} items to 20 who join at once`,
      `${rate(await this.#replay(writer))} items/s`,
    ];
    const crowd = await this.#crowd(subscribers);
    yield [
      `to ${subscribers} subscribers, 8 insertions in flight`,
      `${rate(await this.#fanOut(writer, crowd))} deliveries/s`,
    ];
    yield [`to ${subscribers} subscribers, 50 insertions a second`, await this.#latency(writer, crowd)];
    await this.#remove(writer);
  }

  async #open(): Promise<LoadSocket> {
    const socket = await LoadSocket.open(this.#plan.target);
    this.#sockets.push(socket);
    return socket;
  }

  #insert(writer: LoadSocket, value: unknown = 'x'.repeat(100)): Promise<void> {
    const input = { key: `${this.#prefix}live`, value, ttl: TTL };
    return writer.call({ query: String(InsertItemDocument), variables: { input } });
  }

  #batch(writer: LoadSocket, from = 0): Promise<void> {
    const inputs = Array.from({ length: BATCH }, (_, n) => ({
      key: `${this.#prefix}${from + n}`,
      value: 'x'.repeat(100),
      ttl: TTL,
    }));
    return writer.call({ query: String(InsertItemsDocument), variables: { inputs } });
  }

  /** Calls a second. */
  async #callFor(inFlight: number, call: () => Promise<void>): Promise<number> {
    const start = performance.now();
    let calls = 0;
    const line = async (): Promise<void> => {
      for (; performance.now() - start < this.#plan.ms; calls++) await call();
    };
    await Promise.all(Array.from({ length: inFlight }, line));
    return (calls * 1000) / (performance.now() - start);
  }

  async #replay(writer: LoadSocket): Promise<number> {
    for (let from = 0; from < REPLAYED; from += BATCH) await this.#batch(writer, from);
    const joining = await Promise.all(Array.from({ length: 20 }, () => this.#open()));
    const start = performance.now();
    const replays = joining.map((socket) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let left = REPLAYED;
      socket.subscribe(this.#items(REPLAYED), () => --left === 0 && resolve());
      return Promise.race([promise, socket.broken]);
    });
    await Promise.all(replays);
    return (joining.length * REPLAYED * 1000) / (performance.now() - start);
  }

  #items(limit?: number): { query: string; variables: object } {
    const filter = limit === undefined ? { keys: [`${this.#prefix}live`] } : { keyPrefix: this.#prefix };
    return { query: String(ItemsDocument), variables: { filter, ...(limit !== undefined && { limit }) } };
  }

  /** Subscribers that are up to date, and count what they are given. */
  async #crowd(size: number): Promise<Crowd> {
    const sockets: LoadSocket[] = [];
    while (sockets.length < size)
      sockets.push(
        ...(await Promise.all(Array.from({ length: Math.min(50, size - sockets.length) }, () => this.#open()))),
      );
    const crowd = new Crowd(sockets);
    sockets.forEach((socket) => socket.subscribe(this.#items(), (message) => crowd.heard(message)));
    // There is one item, which each is given first.
    await crowd.reaches(size);
    return crowd;
  }

  async #fanOut(writer: LoadSocket, crowd: Crowd): Promise<number> {
    const before = crowd.count;
    let inserted = 0;
    const start = performance.now();
    await this.#callFor(8, () => {
      inserted++;
      return this.#insert(writer);
    });
    await crowd.reaches(before + inserted * crowd.size);
    return (inserted * crowd.size * 1000) / (performance.now() - start);
  }

  async #latency(writer: LoadSocket, crowd: Crowd): Promise<string> {
    const [before, count] = [crowd.count, Math.max(1, Math.floor(this.#plan.ms / 20))];
    const delays: number[] = [];
    crowd.onValue = (sentAt) => delays.push(performance.now() - sentAt);
    for (let n = 0; n < count; n++) {
      await Promise.all([delay(20), this.#insert(writer, performance.now())]);
    }
    await crowd.reaches(before + count * crowd.size);
    const sorted = Float64Array.from(delays).sort();
    const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, all delivered`;
  }

  async #remove(writer: LoadSocket): Promise<void> {
    const keys = ['live', ...Array.from({ length: REPLAYED }, (_, n) => n)].map((name) => `${this.#prefix}${name}`);
    const line = async (): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop())
        await writer.call({ query: String(RemoveItemDocument), variables: { key } });
    };
    await Promise.all(Array.from({ length: 64 }, line));
  }
}

class Crowd {
  readonly #sockets: readonly LoadSocket[];
  count = 0;
  /** Undefined: nobody looks into what is delivered. */
  onValue: ((value: number) => void) | undefined;
  #wanted = Infinity;
  #resolve = (): void => {};

  constructor(sockets: readonly LoadSocket[]) {
    this.#sockets = sockets;
  }

  get size(): number {
    return this.#sockets.length;
  }

  heard(message: string): void {
    this.count++;
    const value = this.onValue && /"value":([\d.]+)/.exec(message)?.[1];
    if (value !== undefined) this.onValue?.(Number(value));
    if (this.count >= this.#wanted) this.#resolve();
  }

  /** Resolves once so many have come to all of them together. */
  async reaches(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resolve = resolve;
    this.#wanted = count;
    if (this.count >= count) resolve();
    const late = new AbortController();
    const tooLate = delay(PATIENCE_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`of ${count} deliveries ${this.count} came`);
    });
    try {
      await Promise.race([promise, tooLate, ...this.#sockets.map(({ broken }) => broken)]);
    } finally {
      tooLate.catch(() => {});
      late.abort();
    }
  }
}

const rate = (number: number): string => Math.round(number).toLocaleString('en-US');
