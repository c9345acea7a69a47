/** Real redis-servers, which flush before they answer, and Sentinels that watch them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { Certificates } from './certificates.ts';
import { describeWithProgram, EngineServer, freePort } from './engine-server.ts';
import { findOnPath } from '../processes/programs.ts';

const PROGRAM = 'redis-server';
/** Tested as well where it is installed. */
const FORK = 'valkey-server';

/** Ends with its test. */
export type StartRedis = (options?: RedisOptions) => Promise<RedisServer>;

/** Defined for each program that there is. */
export function describeWithRedis(
  title: string,
  define: (start: StartRedis, program: string) => void,
  timeout?: number,
): void {
  for (const program of findOnPath(FORK) ? [PROGRAM, FORK] : [PROGRAM]) {
    const start: StartRedis = async (options) => {
      const server = await RedisServer.start({ program, ...options });
      onTestFinished(() => server.stop());
      return server;
    };
    describeWithProgram(program, `${title} (${program})`, () => define(start, program), timeout);
  }
}

export interface RedisOptions {
  /** Default `redis-server`. */
  readonly program?: string;
  /** Lines of its configuration, such as `requirepass x`, which override the default ones. */
  readonly config?: readonly string[];
  /** Whether it keeps its data when it ends. Default true: each write is flushed before the answer. */
  readonly isPersistent?: boolean;
  /** The URL of its master, or of a network to that. The replica is ready once it has the data of the master. */
  readonly replicaOf?: string;
  /** With these it accepts TLS connections only. */
  readonly tls?: Certificates;
  /** That of an earlier server. Default: an empty one, which is removed at the end. */
  readonly directory?: string;
}

abstract class RedisProgram extends EngineServer {
  readonly store = join(this.directory, 'store');

  flags(url = this.url): readonly string[] {
    return ['--redis', url];
  }

  /** For changes that only tests make. Ends with the test. */
  client(url = this.url): Redis {
    const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
    // The client reconnects by itself.
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    return client;
  }
}

export class RedisServer extends RedisProgram {
  protected readonly ready: RegExp;
  readonly #program: string;
  readonly #config: string;

  private constructor(port: number, options: RedisOptions) {
    const { program = PROGRAM, config = [], isPersistent = true, replicaOf, tls, directory } = options;
    super(tls ? `rediss://localhost:${port}` : `redis://127.0.0.1:${port}`, directory);
    this.#program = program;
    this.ready = replicaOf === undefined ? /Ready to accept connections/ : /sync: Finished with success/;
    const lines = [
      'bind 127.0.0.1',
      ...(tls ? ['port 0', `tls-port ${port}`] : [`port ${port}`]),
      ...(tls ? [`tls-cert-file ${tls.cert}`, `tls-key-file ${tls.key}`, `tls-ca-cert-file ${tls.ca}`] : []),
      `dir ${this.directory}`,
      'save ""',
      ...(isPersistent ? ['appendonly yes', 'appendfsync always', 'appenddirname store'] : []),
      // No wait for other replicas that may want the same.
      'repl-diskless-sync-delay 0',
      ...(replicaOf === undefined ? [] : [`replicaof ${placeOf(replicaOf)}`]),
      ...config,
    ];
    this.#config = `${lines.join('\n')}\n`;
  }

  /** Resolves when it is ready. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.start();
    return server;
  }

  /** Resolves once a replica has everything that was written so far. */
  async copied(): Promise<void> {
    const client = this.client();
    await client.set('probe', 1);
    if ((await client.wait(1, 60_000)) === 0) throw new Error('the server has no replica');
  }

  protected command(): readonly [string, ...string[]] {
    const file = join(this.directory, 'redis.conf');
    writeFileSync(file, this.#config);
    return [this.#program, file];
  }
}

/** A single one, which decides alone. */
export class RedisSentinel extends RedisProgram {
  protected readonly ready = /\+monitor master/;
  readonly #program: string;
  readonly #config: string;

  private constructor(port: number, name: string, master: RedisServer, program: string) {
    super(`redis://127.0.0.1:${port}`);
    this.#program = program;
    this.#config = `port ${port}
dir ${this.directory}
sentinel monitor ${name} ${placeOf(master.url)} 1
sentinel down-after-milliseconds ${name} 1000
sentinel failover-timeout ${name} 10000
`;
  }

  /** Watches a master under a name, and finds its replicas by itself. Ends with the test. */
  static async start(name: string, master: RedisServer, program = PROGRAM): Promise<RedisSentinel> {
    const sentinel = new RedisSentinel(await freePort(), name, master, program);
    onTestFinished(() => sentinel.stop());
    await sentinel.start();
    return sentinel;
  }

  protected command(): readonly [string, ...string[]] {
    const file = join(this.directory, 'sentinel.conf');
    writeFileSync(file, this.#config);
    return [this.#program, file, '--sentinel'];
  }
}

/** Host and port, as in its configuration. */
function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname} ${port}`;
}
