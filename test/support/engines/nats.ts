/** Real nats-servers with JetStream. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describeWithProgram, EngineServer, freePort } from './engine-server.ts';

const PROGRAM = 'nats-server';

export function describeWithNats(title: string, define: () => void, timeout?: number): void {
  describeWithProgram(PROGRAM, title, define, timeout);
}

export interface NatsOptions {
  /** Lines of nats-server's own configuration, such as `max_payload: 4096`. */
  readonly config?: string;
  /** The JetStream domain of the server. */
  readonly domain?: string;
  /** Default true. */
  readonly jetStream?: boolean;
  /** That of an earlier server. Default: an empty one, which is removed at the end. */
  readonly directory?: string;
}

export class NatsServer extends EngineServer {
  /** In a cluster. */
  readonly name: string;
  readonly store: string;
  protected readonly ready = /Server is ready/;
  readonly #config: string;

  private constructor(port: number, { config = '', domain, jetStream = true, directory }: NatsOptions, name = '') {
    super(`nats://127.0.0.1:${port}`, directory);
    this.name = name;
    this.store = join(this.directory, 'jetstream');
    const inDomain = domain === undefined ? '' : `, domain: ${domain}`;
    const streams = jetStream ? `jetstream { store_dir: "${this.directory}"${inDomain} }` : '';
    this.#config = `listen: 127.0.0.1:${port}\n${streams}\n${config}\n`;
  }

  /** Resolves when it is ready. */
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

  flags(url = this.url): readonly string[] {
    return ['--nats', url];
  }

  protected command(): readonly [string, ...string[]] {
    const file = join(this.directory, 'nats.conf');
    writeFileSync(file, this.#config);
    return [PROGRAM, '-c', file];
  }
}

/** A new cluster elects a leader, which has to hear from all others. That takes up to ten seconds. */
async function takesStreams(servers: readonly NatsServer[]): Promise<void> {
  const connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 });
  const give = async (): Promise<void> => {
    const jsm = await jetstreamManager(connection, { timeout: 300 });
    await jsm.streams.add({ name: 'probe', subjects: ['probe'], num_replicas: servers.length });
    await jsm.streams.delete('probe');
  };
  try {
    for (let attempts = 300; ; attempts--) {
      try {
        return await give();
      } catch (error) {
        if (attempts === 0) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await connection.close();
  }
}
