import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, errors, type NatsConnection } from '@nats-io/transport-node';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';
import { RemoteConnection } from '../remote/connection.ts';

const RETRY_MS = 250;

export class Connection extends RemoteConnection {
  readonly client: NatsConnection;
  readonly #logger: Logger;
  readonly #watching: Promise<void>;

  private constructor(client: NatsConnection, logger: Logger) {
    super();
    this.client = client;
    this.#logger = logger;
    this.#watching = this.#watch();
  }

  /** Rejects with `EngineUnavailableError` when no server has accepted the client in time. */
  static async open(options: ConnectionOptions, timeoutMs: number, logger: Logger): Promise<Connection> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        return new Connection(await connect(options), logger);
      } catch (cause) {
        const isFinal =
          cause instanceof errors.AuthorizationError || cause instanceof errors.UserAuthenticationExpiredError;
        if (isFinal || performance.now() + RETRY_MS > deadline)
          throw new EngineUnavailableError(
            `NATS at ${[options.servers].flat().join(', ')} can't be used: ${reasonOf(cause)}`,
            { cause },
          );
      }
      await sleep(RETRY_MS);
    }
  }

  async close(): Promise<void> {
    this.onUp = () => {};
    await this.client.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const status of this.client.status()) {
      if (status.type === 'disconnect' && this.isUp) {
        this.lost();
        this.#logger.warn({ server: status.server }, 'the connection to NATS is lost');
      } else if (status.type === 'reconnect' && !this.isUp) {
        this.#logger.info({ server: status.server, ms: Math.round(this.downMs) }, 'the connection to NATS is back');
        this.restored();
      } else if (status.type === 'error') {
        this.#logger.warn({}, `NATS reports an error: ${status.error.message}`);
      }
    }
    this.lost();
  }
}

/** The client's own message is sometimes only the name of the error. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${messageOf(error)}${cause}`;
}
