/** `seamline bench`: measures deliveries, replays and insertions of a running server. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import {
  InsertItemDocument,
  InsertItemsDocument,
  ItemsDocument,
  RemoveItemDocument,
} from '../../schema/documents/graphql.ts';
import type { ServerAddress } from '../http-client/http-client.ts';
import { addressOf, helpOf, parseArguments, readFrom, UsageError, wholeNumber } from './process/arguments.ts';
import { BENCH_FLAGS } from './process/command-flags.ts';
import { LoadSocket } from './load-socket.ts';
import { collectionOf } from './request/collection.ts';
import { grouped } from './process/progress.ts';

export const HELP = `seamline bench: measures deliveries, replays and insertions of a running server

  seamline bench --url http://127.0.0.1:4000/graphql --subscribers 1000

Measures the rows of the README's benchmark by wall clock. This process needs a core of its own. To compare the CPU time of several servers,
run \`npm run bench\` in the repository. It inserts about 10,000 items under keys that start with bench-, and removes them at the end. A server
with --schema is refused, because it has no collection of items.

${helpOf(BENCH_FLAGS)}
`;

const REPLAYED = 10_000;
const BATCH = 500;
/** In seconds. Items that an interrupted run leaves in the map expire. */
const TTL = 600;
/** How long the bench waits for all deliveries, in ms. */
const DELIVERY_TIMEOUT_MS = 60_000;

interface Plan {
  readonly address: ServerAddress;
  readonly subscribers: number;
  readonly ms: number;
}

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const plan = parse(args);
  const { isItem, names } = await collectionOf(plan.address, {});
  if (!isItem)
    throw new UsageError(
      `bench measures the collection items, but the server has typed collections, such as ${names.plural}: start it without --schema`,
    );
  const bench = new Bench(plan);
  try {
    for await (const [name, figure] of bench.rows()) console.log(`${name.padEnd(52)} ${figure}`);
    return 0;
  } finally {
    bench.close();
  }
}

function parse(args: readonly string[]): Plan {
  const { subscribers = '200', seconds = '5', ...address } = parseArguments(args, BENCH_FLAGS).values;
  return {
    address: addressOf(address),
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

  /** Yields the name and figure of each row once it is measured. Rejects when a call fails or a connection breaks. */
  async *rows(): AsyncGenerator<readonly [string, string], void, void> {
    const { subscribers } = this.#plan;
    const writer = await this.#open();
    const single = (): Promise<void> => this.#insert(writer);
    yield ['insertItem over one WebSocket, 64 in flight', `${rate(await this.#callFor(64, single))} items/s`];
    const batches = await this.#callFor(4, () => this.#batch(writer));
    yield [`insertItems of ${BATCH}, 4 in flight`, `${rate(batches * BATCH)} items/s`];
    yield [
      `${grouped(REPLAYED)} items replayed to 20 subscribers at once`,
      `${rate(await this.#replay(writer))} items/s`,
    ];
    const crowd = await this.#crowd(subscribers);
    const delivered = `delivered to ${subscribers} subscribers`;
    yield [`${delivered}, 8 insertions in flight`, `${rate(await this.#fanOut(writer, crowd))} deliveries/s`];
    yield [`${delivered}, 50 insertions per second`, await this.#latency(writer, crowd)];
    await this.#remove(writer);
  }

  async #open(): Promise<LoadSocket> {
    const socket = await LoadSocket.open(this.#plan.address);
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

  /** Resolves with the calls per second. */
  async #callFor(inFlight: number, call: () => Promise<void>): Promise<number> {
    const start = performance.now();
    let calls = 0;
    const worker = async (): Promise<void> => {
      for (; performance.now() - start < this.#plan.ms; calls++) await call();
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return (calls * 1000) / (performance.now() - start);
  }

  async #replay(writer: LoadSocket): Promise<number> {
    for (let from = 0; from < REPLAYED; from += BATCH) await this.#batch(writer, from);
    const joiners = await Promise.all(Array.from({ length: 20 }, () => this.#open()));
    const start = performance.now();
    const replays = joiners.map((socket) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let remaining = REPLAYED;
      socket.subscribe(this.#items(REPLAYED), () => --remaining === 0 && resolve());
      return Promise.race([promise, socket.broken]);
    });
    await Promise.all(replays);
    return (joiners.length * REPLAYED * 1000) / (performance.now() - start);
  }

  #items(limit?: number): { query: string; variables: object } {
    const filter = limit === undefined ? { keys: [`${this.#prefix}live`] } : { keyPrefix: this.#prefix };
    return { query: String(ItemsDocument), variables: { filter, ...(limit !== undefined && { limit }) } };
  }

  /** Resolves with subscribers that are up to date and count their deliveries. */
  async #crowd(size: number): Promise<Crowd> {
    const sockets: LoadSocket[] = [];
    while (sockets.length < size)
      sockets.push(
        ...(await Promise.all(Array.from({ length: Math.min(50, size - sockets.length) }, () => this.#open()))),
      );
    const crowd = new Crowd(sockets);
    sockets.forEach((socket) => socket.subscribe(this.#items(), (message) => crowd.count(message)));
    // The filter matches one item, which each subscriber receives first.
    await crowd.reaches(size);
    return crowd;
  }

  async #fanOut(writer: LoadSocket, crowd: Crowd): Promise<number> {
    const before = crowd.deliveries;
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
    const [before, count] = [crowd.deliveries, Math.max(1, Math.floor(this.#plan.ms / 20))];
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
    const worker = async (): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop())
        await writer.call({ query: String(RemoveItemDocument), variables: { key } });
    };
    await Promise.all(Array.from({ length: 64 }, worker));
  }
}

class Crowd {
  readonly #sockets: readonly LoadSocket[];
  deliveries = 0;
  /** Called with each delivered value. Undefined: deliveries are not parsed. */
  onValue: ((value: number) => void) | undefined;
  #wanted = Infinity;
  #resolve = (): void => {};

  constructor(sockets: readonly LoadSocket[]) {
    this.#sockets = sockets;
  }

  get size(): number {
    return this.#sockets.length;
  }

  count(message: string): void {
    this.deliveries++;
    const value = this.onValue && /"value":([\d.]+)/.exec(message)?.[1];
    if (value !== undefined) this.onValue?.(Number(value));
    if (this.deliveries >= this.#wanted) this.#resolve();
  }

  /** Resolves once all subscribers together have received `count` deliveries. */
  async reaches(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resolve = resolve;
    this.#wanted = count;
    if (this.deliveries >= count) resolve();
    const late = new AbortController();
    const tooLate = delay(DELIVERY_TIMEOUT_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`received ${this.deliveries} of ${count} deliveries in ${DELIVERY_TIMEOUT_MS / 1000} s`);
    });
    try {
      await Promise.race([promise, tooLate, ...this.#sockets.map(({ broken }) => broken)]);
    } finally {
      tooLate.catch(() => {});
      late.abort();
    }
  }
}

const rate = (number: number): string => grouped(Math.round(number));
