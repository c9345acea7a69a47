import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, errors, type NatsConnection } from '@nats-io/transport-node';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { type Logger, messageOf } from '../../core/model/logger.ts';
import { RemoteConnection } from '../remote/connection.ts';

const RETRY_MS = 250;
/** A connection on which nothing has arrived for so many pings is replaced. */
const SILENT_PINGS = 2;

export class Connection extends RemoteConnection {
  readonly client: NatsConnection;
  readonly #logger: Logger;
  readonly #watching: Promise<void>;
  #heardBefore = 0;
  #silentPings = 0;

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

  /** Counts parts of messages, too, where the client shows its socket. */
  get heard(): number {
    return socketOf(this.client)?.bytesRead ?? this.client.stats().inBytes;
  }

  async close(): Promise<void> {
    this.onUp = () => {};
    await this.client.close();
    await this.#watching;
  }

  /**
   * The client itself would replace a connection whose pings are unanswered. On a slow link their answers come after all that is
   * already on its way.
   */
  #notePing(): void {
    const { heard } = this;
    this.#silentPings = heard === this.#heardBefore ? this.#silentPings + 1 : 0;
    this.#heardBefore = heard;
    if (this.#silentPings < SILENT_PINGS) return;
    this.#silentPings = 0;
    // The client's own `reconnect` waits until all that it has to say is sent, which a dead connection never does.
    socketOf(this.client)?.destroy();
  }

  async #watch(): Promise<void> {
    for await (const status of this.client.status()) {
      if (status.type === 'ping') this.#notePing();
      else if (status.type === 'disconnect' && this.isUp) {
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

/** No API of the client tells of the bytes of a message that is still arriving, or ends a connection at once. */
function socketOf(client: NatsConnection): Socket | undefined {
  const { protocol } = client as unknown as { protocol?: { transport?: { socket?: unknown } } };
  const socket = protocol?.transport?.socket;
  return socket instanceof Socket ? socket : undefined;
}
