/** Nodes of one log on a server of its engine, each `seamline serve` in a process of its own on a port that it keeps, and what holds between them. */
import { expect } from 'vitest';
import { InsertItemDocument, StreamDocument, type StreamQuery } from '../../../schema/documents/graphql.ts';
import type { ServerAddress } from '../../../src/http-client/http-client.ts';
import { verify, type VerifyReport } from '../../../src/verify/workload/workload.ts';
import { type Address, ask, request } from '../clients/clients.ts';
import { freePort } from '../engines/engine-server.ts';
import { type Exit, serveCli, type ServeProcess } from './processes.ts';

/** More than a node needs to see that its engine is away, or back, on a busy machine. */
const PATIENCE_MS = 60_000;

export class NodeProcess implements Address {
  readonly url: string;
  readonly webSocketUrl: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #running: ServeProcess | undefined;

  private constructor(port: number, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.url = `http://127.0.0.1:${port}/graphql`;
    this.webSocketUrl = `ws://127.0.0.1:${port}/graphql`;
    this.#args = ['--port', String(port), '--log-level', 'warn', ...args];
    this.#env = env;
  }

  /** One that does not run yet. `engine`: the flags that say what the log is on. */
  static async at(
    engine: readonly string[],
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<NodeProcess> {
    return new NodeProcess(await freePort(), [...engine, ...args], env);
  }

  static async start(...given: Parameters<typeof NodeProcess.at>): Promise<NodeProcess> {
    const node = await NodeProcess.at(...given);
    await node.start();
    return node;
  }

  get address(): ServerAddress {
    return { url: this.url, token: undefined };
  }

  /** Resolves once it is ready. */
  async start(): Promise<void> {
    this.#running = await serveCli(this.#args, this.#env);
  }

  /** With -9. */
  kill(): Promise<Exit | undefined> {
    return this.#end('SIGKILL');
  }

  /** As an operator does. */
  drain(): Promise<Exit | undefined> {
    return this.#end('SIGTERM');
  }

  /** Resolves once it is gone. */
  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Exit | undefined> {
    this.#running?.signal(signal);
    const exit = await this.#running?.exited;
    this.#running = undefined;
    return exit;
  }

  /** Resolves when `/ready` says so. */
  async becomes(readiness: 'ready' | 'not ready'): Promise<void> {
    const status = async (): Promise<number> => (await fetch(new URL('/ready', this.url))).status;
    await expect
      .poll(status, { timeout: PATIENCE_MS, interval: 50, message: `${this.url} is ${readiness}` })
      .toBe(readiness === 'ready' ? 200 : 503);
  }

  async status(): Promise<StreamQuery['stream']> {
    return (await ask(this, StreamDocument, {})).stream;
  }
}

export async function startNodes(engine: readonly string[], count: number, args: readonly string[] = []) {
  const first = await NodeProcess.start(engine, args);
  const others = Array.from({ length: count - 1 }, () => NodeProcess.start(engine, args));
  return [first, ...(await Promise.all(others))] as const;
}

export async function all(nodes: readonly NodeProcess[], readiness: 'ready' | 'not ready'): Promise<void> {
  await Promise.all(nodes.map((node) => node.becomes(readiness)));
}

/** While its engine is away a node says so to who inserts, and goes on to read. */
export async function refuses(node: NodeProcess, engine: string): Promise<void> {
  const { errors } = await request(node, InsertItemDocument, { input: { key: 'refused', value: 1 } });
  expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(errors?.[0]?.extensions['code']);
  expect(await node.status()).toMatchObject({ engine });
}

/** Resolves with it once all nodes have the same `cursor`, `size` and `checksum`. */
export async function agreement(nodes: readonly NodeProcess[]): Promise<StreamQuery['stream']> {
  const statuses = (): Promise<StreamQuery['stream'][]> => Promise.all(nodes.map((node) => node.status()));
  const different = async (): Promise<number> => new Set((await statuses()).map((one) => JSON.stringify(one))).size;
  await expect.poll(different, { timeout: PATIENCE_MS, message: 'how many different states the nodes have' }).toBe(1);
  const [status] = await statuses();
  if (!status) throw new Error('no node');
  return status;
}

/** While writers and readers are at work on every node. */
export interface Bustle {
  /** Resolves when so many more items have been delivered. */
  deliveries(count: number): Promise<void>;
}

/** What a fault has to let through behind it, to have done no harm. */
export const SOME = 3000;

/** Fewer than that would not have met the fault. */
const BEFORE_AND_AFTER = 2000;

/**
 * Writers and readers on all nodes in turn, before, during and after the fault; resolves with what the checker says of what they got, once
 * the nodes agree. The seed is in the report.
 */
export async function verified(
  nodes: readonly [NodeProcess, ...NodeProcess[]],
  fault: (bustle: Bustle) => Promise<void> = async () => {},
): Promise<VerifyReport> {
  const [first, ...others] = nodes;
  const isEnough = new AbortController();
  let latest = 0;
  let onProgress = (): void => {};
  const running = verify({
    nodes: [first.address, ...others.map(({ address }) => address)],
    seconds: 120,
    seed: Number(process.env['SEED'] ?? Date.now() % 0x100000000),
    signal: isEnough.signal,
    // Whoever writes waits as long as whoever looks at `/ready`: a cluster elects its leaders anew in the meantime.
    timeoutMs: PATIENCE_MS,
    onProgress: ({ deliveries }) => {
      latest = deliveries;
      onProgress();
    },
  });
  const deliveries = async (count: number): Promise<void> => {
    const enough = latest + count;
    await new Promise<void>((resolve) => {
      onProgress = () => {
        if (latest >= enough) resolve();
      };
    });
  };
  const during = async (): Promise<void> => {
    await deliveries(BEFORE_AND_AFTER);
    await fault({ deliveries });
    await deliveries(BEFORE_AND_AFTER);
  };
  try {
    await Promise.race([during(), running]);
  } finally {
    isEnough.abort();
  }
  const report = await running;
  await agreement(nodes);
  return report;
}

/** What a report has to say. */
export const SOUND = { violations: 0, examples: [], skipped: 0 };

/** The environment of a process whose clock is so far ahead. */
export function clockAhead(ms: number): Readonly<Record<string, string>> {
  const program = `const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...args) { args.length === 0 ? super(Real.now() + ${ms}) : super(...args); }
      static now() { return Real.now() + ${ms}; }
    };`;
  const { NODE_OPTIONS = '' } = process.env;
  return { NODE_OPTIONS: `${NODE_OPTIONS} --import=data:text/javascript,${encodeURIComponent(program)}` };
}
