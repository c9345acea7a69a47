import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';
import { RemoteConnection } from '../remote/connection.ts';
import { type Query, type ServerAddress, ServerClient, type ServerListeners } from './client/server-client.ts';
import { FinalError } from './client/explained.ts';
import { isPooled, sharesSessions } from './client/pooling.ts';

export type { Query } from './client/server-client.ts';

/** The server has ended the connection, maybe between the commit and its answer. */
const ENDED = /^(08|57P)/;

/** The code of a refusal: somebody else has held a lock for too long. */
export const LOCK_TIMEOUT = '55P03';

const RECONNECT_MS = 250;
/** An attempt has at least so long. */
const MIN_ATTEMPT_MS = 1000;

/** What the database or the role may have set otherwise would end what a node does. The first three are younger than PostgreSQL 13. */
const SETTINGS: Readonly<Record<string, string>> = {
  client_connection_check_interval: '1s',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  default_transaction_isolation: 'read committed',
  idle_in_transaction_session_timeout: '60s',
  bytea_output: 'hex',
  search_path: '',
  // Plans are made once, maybe while the tables are small, and the tables may have many dead rows. An index is right in any case.
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
};

/** None of the servers accepts the client. */
class NoServerError extends Error {
  readonly isFinal: boolean;
  constructor(message: string, isFinal: boolean, options: ErrorOptions) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

export interface ConnectionOptions extends ServerListeners {
  readonly servers: readonly ServerAddress[];
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Run on each new connection, before it is used. */
  readonly prepare?: ((query: Query) => Promise<unknown>) | undefined;
}

/** So that PostgreSQL refuses what waits for a lock before the time for its answer is over. */
export const lockTimeout = (timeoutMs: number): number => Math.max(1, Math.floor(timeoutMs / 4));

export class Connection extends RemoteConnection {
  readonly #options: ConnectionOptions;
  /** Of several servers, none may use up the time of the others. */
  readonly #attemptMs: number;
  #client: ServerClient | undefined;
  /** Those that are not ready yet. */
  readonly #attempts = new Set<ServerClient>();
  /** The server that accepted the last connection, or that is asked next. */
  #at = 0;
  /** Why no server accepts this client. */
  #refusal = '';
  #isClosed = false;

  private constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    const { servers, timeoutMs } = options;
    this.#attemptMs = Math.min(timeoutMs, Math.max(MIN_ATTEMPT_MS, timeoutMs / servers.length));
  }

  /** Rejects with `EngineUnavailableError` when no server has accepted the client in time. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    const deadline = performance.now() + options.timeoutMs;
    for (;;) {
      try {
        await connection.#connectToAny();
        return connection;
      } catch (cause) {
        if ((cause instanceof NoServerError && cause.isFinal) || performance.now() > deadline) {
          connection.close();
          const names = options.servers.map(({ name }) => name).join(', ');
          throw new EngineUnavailableError(`PostgreSQL at ${names} can't be used: ${messageOf(cause)}`, { cause });
        }
      }
      await sleep(RECONNECT_MS);
    }
  }

  get heard(): number {
    return this.#client?.heard ?? 0;
  }

  override get reason(): string {
    return this.#refusal;
  }

  readonly query: Query = async (text, values, name) => {
    const client = this.#client;
    if (!client) throw new Error('the connection is lost');
    return client.query(text, values, name);
  };

  /** Replaces a connection on which nothing was answered. */
  restart(): void {
    this.#client?.destroy();
  }

  close(): void {
    this.#isClosed = true;
    this.onUp = () => {};
    for (const client of this.#attempts) client.destroy();
    this.#client?.end();
    this.#client = undefined;
  }

  /** Rejects with `NoServerError`, which has the reason of each. */
  async #connectToAny(): Promise<void> {
    const { servers } = this.#options;
    const failures: { readonly name: string; readonly error: unknown }[] = [];
    for (let tried = 0; tried < servers.length && !this.#isClosed; tried++) {
      const server = servers[this.#at % servers.length];
      try {
        if (server) return await this.#connect(server);
      } catch (error) {
        if (server) failures.push({ name: server.name, error });
        this.#at++;
      }
    }
    const isFinal = failures.every(({ error }) => error instanceof FinalError);
    const reasons = failures.map(({ name, error }) =>
      servers.length === 1 ? messageOf(error) : `${name}: ${messageOf(error)}`,
    );
    throw new NoServerError(reasons.join('; '), isFinal, { cause: failures.at(-1)?.error });
  }

  async #connect(server: ServerAddress): Promise<void> {
    const client = await this.#accepted(server, (client) => this.#setUp(server, client), this.#options);
    if (this.#isClosed) return client.end();
    // The server may have answered and gone at once.
    if (client.isEnded) throw new Error('the server has closed the connection');
    client.onEnd = () => this.#ended(client);
    this.#client = client;
  }

  /** Connects, and prepares what has connected, within the time of one attempt. */
  async #accepted(
    server: ServerAddress,
    setUp: (client: ServerClient) => Promise<unknown>,
    listeners: ServerListeners = {},
  ): Promise<ServerClient> {
    const client = new ServerClient(server, listeners);
    const ms = Math.round(this.#attemptMs);
    const timer = setTimeout(() => client.destroy(new Error(`no answer within ${ms} ms`)), ms);
    this.#attempts.add(client);
    try {
      await client.connect();
      await setUp(client);
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#attempts.delete(client);
    }
  }

  async #setUp(server: ServerAddress, client: ServerClient): Promise<void> {
    const { timeoutMs, prepare } = this.#options;
    const { query } = client;
    // By itself, because the time that the database or the role allows may be too short for anything else.
    await query('set statement_timeout = 0');
    const [[isStandby, processId] = []] = await query('select pg_is_in_recovery(), pg_backend_pid()');
    // What shows the state of the primary some time ago takes no writes. It may be promoted.
    if (isStandby === true) throw new Error(`${server.name} is a standby, which takes no writes: name the primary`);
    if (isPooled(client, processId) && (await sharesSessions(client, () => this.#accepted(server, async () => {}))))
      throw new FinalError(
        `${server.name} is a pooler that shares sessions (pool_mode transaction or statement): set pool_mode = session for this database, or name the server itself`,
      );
    const settings = { ...SETTINGS, lock_timeout: String(lockTimeout(timeoutMs)) };
    await query(
      "select set_config(name, $2::jsonb ->> name, false) from pg_settings where name = any($1) and context = 'user'",
      [Object.keys(settings), JSON.stringify(settings)],
    );
    await prepare?.(query);
  }

  #ended(client: ServerClient): void {
    if (client !== this.#client || this.#isClosed) return;
    this.#client = undefined;
    this.lost();
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connectToAny();
        break;
      } catch (error) {
        this.#refusal = messageOf(error);
      }
      await sleep(RECONNECT_MS, undefined, { ref: false });
    }
    if (this.#isClosed) return;
    this.#refusal = '';
    this.#options.logger.debug?.({ ms: Math.round(this.downMs) }, 'the connection to PostgreSQL is back');
    this.restored();
  }
}

/** PostgreSQL has said no, and so has written nothing. After any other error it may have. */
export const isRefusal = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.code !== undefined && !ENDED.test(error.code);

export const codeOf = (error: unknown): string => (error instanceof DatabaseError ? (error.code ?? '') : '');

/** How messages tell of it. */
export const refusalOf = ({ message }: Error): string => `PostgreSQL refuses: ${message}`;
