/** One connection to one server, from the first byte to the last. It does not come back. */
import { Socket } from 'node:net';
import { Client, type ClientConfig, type CustomTypesConfig } from 'pg';
import { explained } from './explained.ts';

/**
 * Resolves with the rows, each an array of its columns. Without `values`, the text may have several statements. A statement with a `name`
 * is planned once for each connection.
 */
export type Query = (
  text: string,
  values?: readonly unknown[],
  name?: string,
) => Promise<readonly (readonly unknown[])[]>;

/** How one server is reached. */
export interface ServerAddress {
  /** In messages: host and port. */
  readonly name: string;
  readonly config: ClientConfig;
}

/** What a server says without being asked. */
export interface ServerListeners {
  readonly onNotification?: ((payload: string) => void) | undefined;
  /** `routine`: where in PostgreSQL a warning comes from, whose text may be in any language. */
  readonly onNotice?: ((routine: string | undefined) => void) | undefined;
}

const KEEP_ALIVE_MS = 5000;
/** What is under way at the end has so long. */
const FAREWELL_MS = 1000;

/** How an answer begins. Anything else may leave the client waiting for the rest of a message that never ends. */
const FIRST_BYTES = { plain: /^[RENv]/, tls: /^([SN]$|E)/ } as const;

export class ServerClient {
  readonly #client: Client;
  readonly #socket = new Socket();
  #isOpen = false;
  #isEnded = false;
  /** Why this end has given up. The client may say something else. */
  #reason: Error | undefined;
  /** Called when the connection has ended. */
  onEnd = (): void => {};

  constructor({ config }: ServerAddress, { onNotification, onNotice }: ServerListeners) {
    this.#client = new Client({
      ...config,
      stream: () => this.#socket,
      // Requests don't wait for the answers to those before them.
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    this.#client.on('error', () => {
      // The client takes no requests after an error, and its connection may stay open.
      if (this.#isOpen) this.destroy();
    });
    this.#client.on('end', () => {
      this.#isEnded = true;
      this.onEnd();
    });
    this.#client.on('notice', ({ routine }) => onNotice?.(routine));
    this.#client.on('notification', ({ payload = '' }) => onNotification?.(payload));
    const first = config.ssl ? FIRST_BYTES.tls : FIRST_BYTES.plain;
    this.#socket.once('data', (bytes) => {
      if (!first.test(bytes.toString('latin1'))) this.destroy(new Error('what answers there is no PostgreSQL'));
    });
  }

  /** Without a limit of time: `destroy` ends it. Rejects with a reason for operators. */
  async connect(): Promise<void> {
    try {
      await this.#client.connect();
      this.#isOpen = true;
    } catch (error) {
      this.destroy();
      throw this.#reason ?? explained(error);
    }
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** How many bytes have arrived. */
  get heard(): number {
    return this.#socket.bytesRead;
  }

  /** Which process of the server this is, as whatever has accepted the connection says. */
  get processId(): unknown {
    return Reflect.get(this.#client, 'processID');
  }

  readonly query: Query = async (text, values, name) => {
    const { rows } = await this.#client.query<unknown[]>({
      text,
      ...(name !== undefined && { name }),
      rowMode: 'array',
      types: TYPES,
      ...(values && { values: [...values] }),
    });
    return rows;
  };

  /** What is under way rejects with the reason. */
  destroy(reason?: Error): void {
    this.#reason ??= reason;
    this.#socket.destroy(reason);
  }

  /** Says goodbye once everything is answered that is under way. */
  end(): void {
    const timer = setTimeout(() => this.destroy(), FAREWELL_MS);
    this.#client.once('end', () => clearTimeout(timer));
    void this.#client.end();
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
