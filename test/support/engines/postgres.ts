/** Real PostgreSQL servers, each a cluster of its own, which run as the user postgres where the tests run as root. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';
import type { Certificates } from './certificates.ts';
import { describeWithProgram, EngineServer, freePort } from './engine-server.ts';
import { findOnPath } from '../processes/programs.ts';

/** Debian keeps it away from the PATH. */
export function findPostgres(program = 'postgres'): string | undefined {
  return globSync(`/usr/lib/postgresql/*/bin/${program}`).toSorted().at(-1) ?? findOnPath(program);
}

/** Ends with its test. */
export type StartPostgres = (options?: PostgresOptions) => Promise<PostgresServer>;

export function describeWithPostgres(title: string, define: (start: StartPostgres) => void, timeout?: number): void {
  const start: StartPostgres = async (options) => {
    const server = await PostgresServer.start(options);
    onTestFinished(() => server.stop());
    return server;
  };
  describeWithProgram('postgres', title, () => define(start), timeout, findPostgres());
}

export interface PostgresOptions {
  /** Lines of its configuration, such as `fsync = off`, which override the default ones. */
  readonly config?: readonly string[];
  /** Lines of pg_hba.conf, instead of those that trust everybody. */
  readonly hba?: readonly string[];
  /** Encoding of its databases. Default UTF8. */
  readonly encoding?: string;
  /** Its primary. It is ready once it has what that had. */
  readonly standbyOf?: PostgresServer;
  /** How it reaches its primary. Default: the URL of that. */
  readonly replicationUrl?: string;
  /** With these it accepts TLS connections as well. */
  readonly tls?: Certificates;
  /** Where its data lies. Default: an empty directory, which is removed at the end. */
  readonly directory?: string;
}

const PROGRAM = findPostgres() ?? 'postgres';
const USER = 'postgres';

export class PostgresServer extends EngineServer {
  readonly store = join(this.directory, 'store');
  protected readonly ready: RegExp;
  protected override readonly user = userOf(USER);
  readonly #options: PostgresOptions;

  private constructor(port: number, options: PostgresOptions) {
    super(`postgres://${USER}@127.0.0.1:${port}/postgres`, options.directory);
    this.#options = options;
    this.ready = options.standbyOf
      ? /ready to accept read-only connections/
      : /database system is ready to accept connections/;
  }

  /** Resolves when it is ready. */
  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort(), options);
    await server.start();
    return server;
  }

  /** With an empty database if its directory is gone. A directory that was restored becomes its own. */
  override async start(): Promise<void> {
    this.#initialize();
    await super.start();
  }

  flags(url = this.url): readonly string[] {
    return ['--postgres', url];
  }

  /** For what tests do besides the nodes. Ends with the test. */
  async client(url = this.url): Promise<Client> {
    const client = new Client(url);
    // The server may be killed.
    client.on('error', () => {});
    await client.connect();
    onTestFinished(() => client.end().catch(() => {}));
    return client;
  }

  /** The rows of one statement, on a connection of its own. */
  async rows(text: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new Client(this.url);
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** All its processes at once, as when the machine fails; SIGTERM: it shuts down at once, and in good order. */
  override async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGQUIT' = 'SIGKILL'): Promise<void> {
    const [, ...children] = this.pids();
    if (signal === 'SIGKILL') for (const pid of children) killIfThere(pid);
    await super.kill(signal === 'SIGTERM' ? 'SIGINT' : signal);
    // A backend that still runs would keep a new server from starting.
    while (children.some((pid) => existsSync(`/proc/${pid}`))) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** As `pg_ctl restart -m immediate`: it recovers as after a crash. */
  async restart(): Promise<void> {
    await this.kill('SIGQUIT');
    await this.start();
  }

  /** A standby becomes a primary. */
  async promote(): Promise<void> {
    await this.rows('select pg_promote(true)');
  }

  protected override pids(): readonly number[] {
    const [parent] = super.pids();
    const children = `/proc/${parent}/task/${parent}/children`;
    if (parent === undefined || !existsSync(children)) return [];
    return [parent, ...readFileSync(children, 'utf8').split(' ').filter(Boolean).map(Number)];
  }

  protected command(): readonly [string, ...string[]] {
    return [PROGRAM, '-D', this.store];
  }

  #initialize(): void {
    const { config = [], hba, encoding = 'UTF8', standbyOf, replicationUrl = standbyOf?.url, tls } = this.#options;
    if (this.user.uid !== undefined && this.user.gid !== undefined)
      execFileSync('chown', ['-R', `${this.user.uid}:${this.user.gid}`, this.directory]);
    if (existsSync(this.store)) {
      chmodSync(this.store, 0o700);
      return this.#configure([]);
    }
    const tool = (name: string, ...args: readonly string[]): void =>
      void execFileSync(join(dirname(PROGRAM), name), args, { stdio: 'pipe', ...this.user });
    if (standbyOf)
      tool('pg_basebackup', '-d', standbyOf.url, '-D', this.store, '-X', 'stream', '-c', 'fast', '--no-sync');
    else tool('initdb', '-D', this.store, '-U', USER, '--auth=trust', '--no-sync', '-E', encoding, '--locale=C');
    if (standbyOf) writeFileSync(join(this.store, 'standby.signal'), '');
    if (hba) writeFileSync(join(this.store, 'pg_hba.conf'), `${hba.join('\n')}\n`);
    this.#configure([
      "listen_addresses = '127.0.0.1'",
      `unix_socket_directories = '${this.directory}'`,
      // A commit is flushed, and what is flushed survives `kill`: it need not reach the disk itself.
      'autovacuum_naptime = 1s',
      'max_connections = 200',
      ...(replicationUrl === undefined ? [] : [`primary_conninfo = '${replicationUrl}'`]),
      ...(tls ? this.#tlsLines(tls) : []),
      ...config,
    ]);
  }

  #configure(lines: readonly string[]): void {
    appendFileSync(join(this.store, 'postgresql.conf'), `${[...lines, `port = ${this.port}`].join('\n')}\n`);
  }

  #tlsLines({ ca, cert, key }: Certificates): readonly string[] {
    const directory = join(this.directory, 'tls');
    mkdirSync(directory);
    const copies = Object.entries({ ca, cert, key }).map(([name, from]) => {
      const to = join(directory, name);
      cpSync(from, to);
      chmodSync(to, 0o600);
      for (const path of [directory, to])
        if (this.user.uid !== undefined && this.user.gid !== undefined) chownSync(path, this.user.uid, this.user.gid);
      return [name, to] as const;
    });
    const { ca: caFile, cert: certFile, key: keyFile } = Object.fromEntries(copies);
    return ['ssl = on', `ssl_ca_file = '${caFile}'`, `ssl_cert_file = '${certFile}'`, `ssl_key_file = '${keyFile}'`];
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** PostgreSQL refuses to run as root. */
export function userOf(name: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' })));
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}
