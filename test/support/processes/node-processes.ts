/** Nodes of one log: each is a `seamline serve` in a process of its own that keeps its port across restarts. */
import { expect } from 'vitest';
import { InsertItemDocument, StreamDocument, type StreamQuery } from '../../../schema/documents/graphql.ts';
import type { ServerAddress } from '../../../src/http-client/http-client.ts';
import { verify, type VerifyReport } from '../../../src/verify/workload/verify.ts';
import { type Address, ask, request } from '../clients/clients.ts';
import { freePort } from '../engines/engine-server.ts';
import { type Exit, serveCli, type ServeProcess } from './processes.ts';

/** Longer than a node needs to notice that its engine is away or back, on a busy machine. */
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

  /** Creates a node without starting it. `engine`: the flags that name the engine. */
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

  /** Resolves once the node is ready. */
  async start(): Promise<void> {
    this.#running = await serveCli(this.#args, this.#env);
  }

  /** Ends it with SIGKILL. */
  kill(): Promise<Exit | undefined> {
    return this.#end('SIGKILL');
  }

  /** Ends it with SIGTERM. */
  drain(): Promise<Exit | undefined> {
    return this.#end('SIGTERM');
  }

  /** It stands still with all its connections open. */
  pause(): void {
    this.#running?.signal('SIGSTOP');
  }

  resume(): void {
    this.#running?.signal('SIGCONT');
  }

  /** Resolves once the process has ended. */
  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Exit | undefined> {
    this.#running?.signal(signal);
    const exit = await this.#running?.exited;
    this.#running = undefined;
    return exit;
  }

  /** Resolves once `/ready` shows the readiness. */
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

/** Asserts that a node without its engine refuses insertions and still answers reads. */
export async function refuses(node: NodeProcess, engine: string): Promise<void> {
  const { errors } = await request(node, InsertItemDocument, { input: { key: 'refused', value: 1 } });
  expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(errors?.[0]?.extensions['code']);
  expect(await node.status()).toMatchObject({ engine });
}

/** Resolves with the status once all nodes have the same `cursor`, `size` and `checksum`. */
export async function agreement(nodes: readonly NodeProcess[]): Promise<StreamQuery['stream']> {
  const statuses = (): Promise<StreamQuery['stream'][]> => Promise.all(nodes.map((node) => node.status()));
  const different = async (): Promise<number> => new Set((await statuses()).map((one) => JSON.stringify(one))).size;
  await expect.poll(different, { timeout: PATIENCE_MS, message: 'how many different states the nodes have' }).toBe(1);
  const [status] = await statuses();
  if (!status) throw new Error('no node');
  return status;
}

/** Writers and readers that are active on every node. */
export interface Bustle {
  /** Resolves once `count` more items have been delivered. */
  deliveries(count: number): Promise<void>;
}

/** Deliveries that must arrive after a fault to show that it did no harm. */
export const SOME = 3000;

/** With fewer deliveries a fault could go unnoticed. */
const BEFORE_AND_AFTER = 2000;

/**
 * Runs writers and readers on all nodes before, during and after the fault. Resolves with the report of the checker once the nodes agree. The
 * report contains the seed.
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
    // Writers wait as long as the checks of `/ready`, because a cluster elects its leaders again in the meantime.
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

/** The report of a run without violations. */
export const SOUND = { violations: 0, examples: [], skipped: 0 };

/** The environment of a process whose clock is ahead by `ms`. */
export function clockAhead(ms: number): Readonly<Record<string, string>> {
  const program = `const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...args) { args.length === 0 ? super(Real.now() + ${ms}) : super(...args); }
      static now() { return Real.now() + ${ms}; }
    };`;
  const { NODE_OPTIONS = '' } = process.env;
  return { NODE_OPTIONS: `${NODE_OPTIONS} --import=data:text/javascript,${encodeURIComponent(program)}` };
}
