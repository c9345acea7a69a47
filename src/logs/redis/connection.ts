import { Redis } from 'ioredis';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';
import { RemoteConnection } from '../remote/connection.ts';
import { addressOf, type ClientOptions } from './options.ts';

/** Another attempt would not help: a wrong name, password or right. */
const FINAL = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|DB index))/;

export class Connection extends RemoteConnection {
  readonly client: Redis;
  /** Why Redis accepts this client no more. */
  #refusal = '';

  private constructor(options: ClientOptions) {
    super();
    this.client = new Redis(options);
  }

  /** Rejects with `EngineUnavailableError` when no server has accepted the client in time. */
  static async open(options: ClientOptions, timeoutMs: number, logger: Logger): Promise<Connection> {
    const connection = new Connection(options);
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    let cause: unknown = new Error(`no answer within ${timeoutMs} ms`);
    const fail = (): void => {
      connection.close();
      reject(
        new EngineUnavailableError(`Redis at ${addressOf(options)} can't be used: ${messageOf(cause)}`, { cause }),
      );
    };
    const timer = setTimeout(fail, timeoutMs);
    connection.client.on('error', (error: Error) => {
      cause = error;
      if (FINAL.test(error.message)) fail();
    });
    connection.client.once('ready', () => resolve(connection));
    // The reason comes as an `error` event, and the client tries again.
    connection.client.connect().catch(() => {});
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      connection.#watch(logger);
    }
  }

  /** A connection that the client has begun to replace takes no requests any more, though it isn't closed yet. */
  override get isUp(): boolean {
    return super.isUp && this.client.stream.writable;
  }

  get heard(): number {
    return this.client.stream?.bytesRead ?? 0;
  }

  override get reason(): string {
    return this.#refusal;
  }

  /** Replaces a connection on which nothing was answered. */
  restart(): void {
    // The client would end for good if it were disconnected while it connects.
    if (this.client.status === 'ready') this.client.disconnect(true);
  }

  close(): void {
    this.onUp = () => {};
    this.client.disconnect();
  }

  #watch(logger: Logger): void {
    // `health` and the appends report what a lost connection means. Without a listener, an `error` would end the process.
    this.client.removeAllListeners('error').on('error', ({ message }: Error) => {
      if (FINAL.test(message)) this.#refusal = message;
    });
    this.client.on('close', () => this.lost());
    this.client.on('ready', () => {
      this.#refusal = '';
      logger.debug?.({ ms: Math.round(this.downMs) }, 'the connection to Redis is back');
      this.restored();
    });
  }
}

/** Redis has said no, and so has written nothing. After any other error it may have. */
export const isRefusal = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** How messages tell of it. */
export const refusalOf = ({ message }: Error): string => `Redis refuses: ${message}`;
