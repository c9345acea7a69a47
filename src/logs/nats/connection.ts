/** A connection that comes back by itself, for ever, and says when it goes and when it is back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, errors, type NatsConnection } from '@nats-io/transport-node';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';

const RETRY_MS = 250;

export class Connection {
  readonly client: NatsConnection;
  readonly #logger: Logger;
  /** When it went, on the monotonic clock; undefined while it is there. */
  #downSince: number | undefined;
  /** Both may be set once, by the log. */
  onUp = (): void => {};
  onDown = (): void => {};
  readonly #watching: Promise<void>;

  private constructor(client: NatsConnection, logger: Logger) {
    this.client = client;
    this.#logger = logger;
    this.#watching = this.#watch();
  }

  /** Rejects with `EngineUnavailableError` when nobody who can be used has answered in time. */
  static async open(options: ConnectionOptions, timeoutMs: number, logger: Logger): Promise<Connection> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        return new Connection(await connect(options), logger);
      } catch (error) {
        const isFinal =
          error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
        if (isFinal || performance.now() + RETRY_MS > deadline)
          throw new EngineUnavailableError(`NATS at ${serversOf(options)} can't be used: ${reasonOf(error)}`, {
            cause: error,
          });
      }
      await sleep(RETRY_MS);
    }
  }

  get isUp(): boolean {
    return this.#downSince === undefined;
  }

  /** For how long it has been away, in ms. */
  get downMs(): number {
    return this.#downSince === undefined ? 0 : performance.now() - this.#downSince;
  }

  async close(): Promise<void> {
    this.onUp = () => {};
    this.onDown = () => {};
    await this.client.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const status of this.client.status()) {
      if (status.type === 'disconnect' && this.isUp) {
        this.#downSince = performance.now();
        this.#logger.warn({ server: status.server }, 'the connection to NATS is lost');
        this.onDown();
      } else if (status.type === 'reconnect' && !this.isUp) {
        this.#logger.info({ server: status.server, ms: Math.round(this.downMs) }, 'the connection to NATS is back');
        this.#downSince = undefined;
        this.onUp();
      } else if (status.type === 'error') {
        this.#logger.warn({}, `NATS says: ${status.error.message}`);
      }
    }
    this.#downSince ??= performance.now();
  }
}

function serversOf({ servers = [] }: ConnectionOptions): string {
  return typeof servers === 'string' ? servers : servers.join(', ');
}

/** The client's own words are at times only an error's name. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${messageOf(error)}${cause}`;
}
