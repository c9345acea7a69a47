/** Real nats-servers with JetStream, each in a directory of its own, which can be killed, paused and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe } from 'vitest';
import { findOnPath } from './programs.ts';

const PROGRAM = 'nats-server';

/**
 * A `describe` for tests that need nats-servers. Without the program they are skipped, and their title says so; in CI they fail.
 */
export function describeWithNats(title: string, define: () => void, timeout?: number): void {
  const isSkipped = findOnPath(PROGRAM) === undefined && process.env['CI'] === undefined;
  const reason = isSkipped ? ` [SKIPPED: no ${PROGRAM} on the PATH]` : '';
  describe.skipIf(isSkipped)(`${title}${reason}`, timeout === undefined ? {} : { timeout }, () => {
    define();
  });
}

export interface NatsOptions {
  /** Lines of nats-server's own configuration, such as `max_payload: 4096`. */
  readonly config?: string;
  /** Default true. */
  readonly jetStream?: boolean;
  /** Goes on with what another one left behind. Default: an empty one, which is removed at the end. */
  readonly directory?: string;
}

/** Runs until `stop`, whatever becomes of it in between. */
export class NatsServer {
  /** In a cluster. */
  readonly name: string;
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  /** Where it keeps its streams: `jetstream` in it may be copied and put back while the server is down. */
  readonly directory: string;
  readonly #isOwnDirectory: boolean;
  readonly #config: string;
  #child: ChildProcess | undefined;
  #said = '';
  readonly #onExit = (): void => void this.#child?.kill('SIGKILL');

  private constructor(port: number, { config = '', jetStream = true, directory }: NatsOptions, name = '') {
    this.name = name;
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    this.#isOwnDirectory = directory === undefined;
    this.directory = directory ?? mkdtempSync(join(tmpdir(), 'seamline-nats-'));
    const streams = jetStream ? `jetstream { store_dir: "${this.directory}" }` : '';
    this.#config = `listen: 127.0.0.1:${port}\n${streams}\n${config}\n`;
    process.once('exit', this.#onExit);
  }

  /** One that is ready. */
  static async start(options: NatsOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), options);
    await server.start();
    return server;
  }

  /** Three, with one leader. The configuration is for each of them. */
  static async startCluster({ config = '' }: Pick<NatsOptions, 'config'> = {}): Promise<readonly NatsServer[]> {
    const free = new Set<number>();
    while (free.size < 6) free.add(await freePort());
    const [ports, routePorts] = [[...free].slice(0, 3), [...free].slice(3)];
    const routes = routePorts.map((port) => `nats://127.0.0.1:${port}`).join(', ');
    const servers = ports.map((port, n) => {
      const cluster = `cluster { name: test, listen: "127.0.0.1:${routePorts[n]}", routes: [${routes}] }`;
      const name = `n${n + 1}`;
      return new NatsServer(port, { config: `server_name: ${name}\n${cluster}\n${config}` }, name);
    });
    try {
      await Promise.all(servers.map((server) => server.start()));
      await takesStreams(servers);
      return servers;
    } catch (error) {
      await Promise.all(servers.map((server) => server.stop()));
      throw error;
    }
  }

  /** Again, on the same port and with what it had kept. */
  async start(): Promise<void> {
    if (this.#child) throw new Error('it runs');
    const file = join(this.directory, 'nats.conf');
    writeFileSync(file, this.#config);
    this.#said = '';
    this.#child = spawn(PROGRAM, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    await this.said(/Server is ready/);
  }

  /** Resolves when it is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Its connections stay open, and nothing comes any more. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
    // A thread may be at work until the signal has come to it.
    while (this.#child?.pid !== undefined && !hasStopped(this.#child.pid)) continue;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Resolves once its log has said this since it was started. */
  async said(text: RegExp): Promise<void> {
    const child = this.#child;
    if (!child?.stderr) throw new Error('it does not run');
    // With its last words.
    const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode);
    while (!text.test(this.#said)) {
      const outcome = await Promise.race([once(child.stderr, 'data'), ended]);
      if (!Array.isArray(outcome)) throw new Error(`nats-server ended with ${outcome}: ${this.#said}`);
    }
  }

  async stop(): Promise<void> {
    process.off('exit', this.#onExit);
    await this.kill();
    if (this.#isOwnDirectory) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A cluster that has started elects a leader first, which then has to hear of each of the others: within some seconds, or ten. */
async function takesStreams(servers: readonly NatsServer[]): Promise<void> {
  const connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 });
  const give = async (): Promise<void> => {
    const jsm = await jetstreamManager(connection, { timeout: 300 });
    await jsm.streams.add({ name: 'probe', subjects: ['probe'], num_replicas: servers.length });
    await jsm.streams.delete('probe');
  };
  try {
    for (let left = 300; ; left--) {
      try {
        return await give();
      } catch (error) {
        if (left === 0) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await connection.close();
  }
}

/**
 * Not one that the system gives away by itself: a server that comes back wants the port that it had, and by then another test would
 * have got it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([once(probe, 'listening'), once(probe, 'error')]).then(
      () => probe.listening,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

/** Where the system says so. */
function hasStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) => /\) T /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')));
}
