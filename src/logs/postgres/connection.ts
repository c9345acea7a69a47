import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type CustomTypesConfig, DatabaseError } from 'pg';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';
import { RemoteConnection } from '../remote/connection.ts';
import { answerWithin } from '../remote/deadline.ts';
import type { ServerAddress } from './options.ts';

/** Another attempt would not help: a wrong name, password or database. */
const FINAL = /^(28|3D)/;
/** The server has ended the connection, maybe between the commit and its answer. */
const ENDED = /^(08|57P)/;

const RECONNECT_MS = 250;
const KEEP_ALIVE_MS = 5000;

/** What the database or the role may have set otherwise would end what a node does. The first three are younger than PostgreSQL 13. */
const SETTINGS: Readonly<Record<string, string>> = {
  client_connection_check_interval: '1s',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  default_transaction_isolation: 'read committed',
  idle_in_transaction_session_timeout: '60s',
  bytea_output: 'hex',
  search_path: '',
  statement_timeout: '0',
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
};

/** A standby takes no writes, and shows what the primary had some time ago. */
class StandbyError extends Error {}

export interface ConnectionOptions {
  readonly servers: readonly ServerAddress[];
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Run on each new connection, before it is used. */
  readonly prepare?: ((query: Query) => Promise<unknown>) | undefined;
  readonly onNotification?: ((payload: string) => void) | undefined;
}

/** Resolves with the rows, each an array of its columns. Without `values`, the text may have several statements. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<readonly (readonly unknown[])[]>;

export class Connection extends RemoteConnection {
  readonly #options: ConnectionOptions;
  #client: Client | undefined;
  #socket = new Socket();
  /** The server that accepted the last connection, or that is asked next. */
  #at = 0;
  /** Why no server accepts this client. */
  #refusal = '';
  #isClosed = false;

  private constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
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
        const isFinal = cause instanceof DatabaseError && FINAL.test(cause.code ?? '');
        if (isFinal || performance.now() > deadline) {
          connection.close();
          const names = options.servers.map(({ name }) => name).join(', ');
          throw new EngineUnavailableError(`PostgreSQL at ${names} can't be used: ${messageOf(cause)}`, { cause });
        }
      }
      await sleep(RECONNECT_MS);
    }
  }

  get heard(): number {
    return this.#socket.bytesRead;
  }

  override get reason(): string {
    return this.#refusal;
  }

  readonly query: Query = async (text, values) => {
    const client = this.#client;
    if (!client) throw new Error('the connection is lost');
    return queryOn(client)(text, values);
  };

  /** Replaces a connection on which nothing was answered. */
  restart(): void {
    this.#socket.destroy();
  }

  close(): void {
    this.#isClosed = true;
    this.onUp = () => {};
    this.#client = undefined;
    // With a farewell, unless something is under way.
    this.#socket.destroySoon();
  }

  /** Rejects with the reason of the last server. */
  async #connectToAny(): Promise<void> {
    const { servers } = this.#options;
    let failure: unknown;
    for (let tried = 0; tried < servers.length; tried++) {
      const server = servers[this.#at % servers.length];
      try {
        if (server) return await this.#connect(server);
      } catch (error) {
        failure = error;
        this.#at++;
      }
    }
    throw failure;
  }

  async #connect({ name, config }: ServerAddress): Promise<void> {
    const { timeoutMs, prepare, onNotification } = this.#options;
    const socket = new Socket();
    const client = new Client({
      ...config,
      stream: () => socket,
      // Requests don't wait for the answers to those before them.
      pipeline: true,
      application_name: 'seamline',
      connectionTimeoutMillis: timeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    let isReady = false;
    // Without a listener, an `error` would end the process.
    client.on('error', () => {});
    client.on('end', () => {
      if (isReady) this.#ended(client);
    });
    client.on('notification', ({ payload = '' }) => onNotification?.(payload));
    try {
      await client.connect();
      const query = queryOn(client);
      const settings = { ...SETTINGS, lock_timeout: String(timeoutMs) };
      const setUp = async (): Promise<void> => {
        const [[isStandby] = []] = await query('select pg_is_in_recovery()');
        if (isStandby === true) throw new StandbyError(`${name} is a standby, which takes no writes: name the primary`);
        await query(
          "select set_config(name, $2::jsonb ->> name, false) from pg_settings where name = any($1) and context = 'user'",
          [Object.keys(settings), JSON.stringify(settings)],
        );
        await prepare?.(query);
      };
      await answerWithin(setUp(), timeoutMs);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    if (this.#isClosed) return void socket.destroy();
    isReady = true;
    this.#client = client;
    this.#socket = socket;
  }

  #ended(client: Client): void {
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

const [BOOL, BYTEA, INT8, INT4] = [16, 17, 20, 23];

function columnOf(oid: number, text: string): unknown {
  // \\x, and two digits for each byte.
  if (oid === BYTEA) return Buffer.from(text.slice(2), 'hex');
  if (oid === INT8 || oid === INT4) return Number(text);
  return oid === BOOL ? text === 't' : text;
}

const TYPES: CustomTypesConfig = { getTypeParser: (oid: number) => (text: string) => columnOf(oid, text) };

function queryOn(client: Client): Query {
  return async (text, values) => {
    const { rows } = await client.query<unknown[]>({
      text,
      rowMode: 'array',
      types: TYPES,
      ...(values && { values: [...values] }),
    });
    return rows;
  };
}

/** PostgreSQL has said no, and so has written nothing. After any other error it may have. */
export const isRefusal = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.code !== undefined && !ENDED.test(error.code);

export const codeOf = (error: unknown): string => (error instanceof DatabaseError ? (error.code ?? '') : '');

/** How messages tell of it. */
export const refusalOf = ({ message }: Error): string => `PostgreSQL refuses: ${message}`;
