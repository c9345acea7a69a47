/** A connection that comes back by itself, for ever, and says when it is back. */
import { Redis } from 'ioredis';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';
import type { ClientOptions } from './options.ts';

/** What no other attempt mends: a name, a password, a right. */
const FINAL = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|DB index))/;

export class Connection {
  readonly client: Redis;
  readonly #logger: Logger;
  /** When it went, on the monotonic clock; undefined while it is there. */
  #downSince: number | undefined = performance.now();
  /** May be set once. */
  onUp = (): void => {};

  private constructor(options: ClientOptions, logger: Logger) {
    this.client = new Redis(options);
    this.#logger = logger;
  }

  /** Rejects with `EngineUnavailableError` when nobody who can be used has answered in time. `address`: as the message names it. */
  static async open(
    options: ClientOptions,
    { address, timeoutMs, logger }: { address: string; timeoutMs: number; logger: Logger },
  ): Promise<Connection> {
    const connection = new Connection(options, logger);
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    let reason: unknown = new Error('it does not answer');
    const fail = (): void => {
      connection.close();
      reject(new EngineUnavailableError(`Redis at ${address} can't be used: ${messageOf(reason)}`, { cause: reason }));
    };
    const timer = setTimeout(fail, timeoutMs);
    connection.client.on('error', (error: Error) => {
      reason = error;
      if (FINAL.test(error.message)) fail();
    });
    connection.client.once('ready', () => resolve(connection));
    // Its reason comes as an `error`, and it tries again.
    connection.client.connect().catch(() => {});
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      connection.#watch();
    }
  }

  get isUp(): boolean {
    return this.#downSince === undefined;
  }

  /** For how long it has been away, in ms. */
  get downMs(): number {
    return this.#downSince === undefined ? 0 : performance.now() - this.#downSince;
  }

  /** Another one in its place: nobody has answered on this one. */
  restart(): void {
    this.client.disconnect(true);
  }

  close(): void {
    this.onUp = () => {};
    this.client.disconnect();
  }

  #watch(): void {
    this.#downSince = undefined;
    this.client.removeAllListeners('error').on('error', () => {
      // What it costs is told by whoever asks: `health`, an append.
    });
    this.client.on('close', () => {
      this.#downSince ??= performance.now();
    });
    this.client.on('ready', () => {
      this.#logger.debug?.({ ms: Math.round(this.downMs) }, 'the connection to Redis is back');
      this.#downSince = undefined;
      this.onUp();
    });
  }
}

/** Whether Redis has said no, and so has done nothing. Everything else may have been done. */
export const isRefusal = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';
