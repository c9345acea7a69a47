/**
 * Entries come through an ephemeral pull consumer on a plain subscription: the client's own ordered consumer costs more for each
 * entry, and can stall. It has a connection of its own, so that acknowledgements don't wait for entries, and requests entries
 * by the number that fits, so that not more is on its way than a slow link carries. A missing delivery, a lost connection and a
 * lack of progress have one remedy: another consumer. It begins with the last entry that was delivered, which must be the same,
 * so that a log that has lost its newest part is noticed before any entry of its new part is delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type JetStreamManager, jetstreamManager, ReplayPolicy } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Sequence } from '../../core/model/position.ts';
import type { EntryReceiver, EntrySource } from '../remote/driver.ts';
import { ReadSize } from '../remote/read-size.ts';
import type { Connection } from './connection.ts';

export interface ConsumerOptions {
  readonly open: () => Promise<Connection>;
  readonly stream: string;
  readonly domain: string | undefined;
  readonly receiver: EntryReceiver;
  readonly onClosed: () => void;
}

/** Consumers are created by requests that are repeated, so one without an answer is given up early. */
const CONSUMER_TIMEOUT_MS = 2000;
/** The server removes a consumer that nobody has pulled from for so long. */
const INACTIVE_MS = 10_000;
const PULL_MS = 30_000;
const RETRY_MS = 250;
/** Less than this arrives each second on a connection without entries. */
const LEAST_PROGRESS_BYTES = 200;
const ENTRY = '$JS.ACK.';
/** A status of the server: this request is over, and another one may be made. */
const OVER = new Set([404, 408]);
const IDLE = 100;

interface Channel {
  readonly connection: Connection;
  readonly jsm: JetStreamManager;
}

export class Consumer implements EntrySource {
  readonly #options: ConsumerOptions;
  readonly #size = new ReadSize();
  readonly #closed = Promise.withResolvers<void>();
  #channel: Channel | undefined;
  /** Whether the consumer's first entry is the one before `next` again. */
  #isVerifying = false;
  #batch: LogEntry[] = [];
  /** Of the current consumer. */
  #subscription: Subscription | undefined;
  #inbox = '';
  #delivered = 0;
  /** How many entries have been requested and not delivered. */
  #requested = 0;
  #name: string | undefined;
  #starting: Promise<void> | undefined;
  #isAskedAgain = false;
  #asked = Promise.withResolvers<void>();
  #heardAtStall = 0;
  #isStopped = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is left of it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async start(): Promise<void> {
    const connection = await this.#options.open();
    const { domain } = this.#options;
    const options = { timeout: CONSUMER_TIMEOUT_MS, checkAPI: false, ...(domain !== undefined && { domain }) };
    this.#channel = { connection, jsm: await jetstreamManager(connection.client, options) };
    connection.onUp = () => void this.#startAgain();
    if (this.#isStopped) await this.#close();
    else await this.#startAgain();
  }

  /** Entries that are on their way over a slow link are no reason for another consumer. */
  restart(): void {
    const heard = this.#channel?.connection.heard ?? 0;
    const isProgress = heard - this.#heardAtStall > LEAST_PROGRESS_BYTES;
    this.#heardAtStall = heard;
    if (!this.#starting && !isProgress) void this.#startAgain();
  }

  stop(): void {
    this.#isStopped = true;
    this.#batch = [];
    this.#asked.resolve();
    void this.#close();
  }

  async #close(): Promise<void> {
    const { connection } = this.#channel ?? {};
    await this.#remove();
    await connection?.close();
    this.#options.onClosed();
    this.#closed.resolve();
  }

  /**
   * Resolves once there is a consumer. Called again, it gives up the one that is being created: a request on a connection that
   * was lost is never answered.
   */
  #startAgain(): Promise<void> {
    this.#size.failed();
    this.#isAskedAgain = true;
    this.#asked.resolve();
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  async #start(): Promise<void> {
    while (this.#isAskedAgain && !this.#isStopped) {
      this.#isAskedAgain = false;
      this.#asked = Promise.withResolvers();
      try {
        await Promise.race([this.#create(), this.#asked.promise]);
      } catch {
        // There is no leader, no connection or no stream: the health of the log says so.
        this.#isAskedAgain = true;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #create(): Promise<void> {
    const { stream, receiver } = this.#options;
    // A consumer is started on a channel.
    const { connection, jsm } = this.#channel!;
    void this.#remove();
    this.#flush();
    const inbox = createInbox();
    const subscription = connection.client.subscribe(inbox, {
      callback: (error, message) => {
        if (!error && this.#subscription === subscription) this.#take(message);
      },
    });
    this.#subscription = subscription;
    this.#inbox = inbox;
    [this.#delivered, this.#requested] = [0, 0];
    this.#isVerifying = receiver.previous !== undefined;
    const { name } = await jsm.consumers.add(stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: receiver.previous?.sequence ?? receiver.next,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
    });
    if (this.#subscription !== subscription) return;
    this.#name = name;
    this.#pull();
  }

  /** The server would remove it, too, some seconds after its last request. */
  async #remove(): Promise<void> {
    const { stream } = this.#options;
    const { connection, jsm } = this.#channel ?? {};
    const name = this.#name;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#name = undefined;
    if (name !== undefined && connection?.isUp) await jsm?.consumers.delete(stream, name).catch(() => {});
  }

  /** Requests more before the last request is used up, so that the server never waits for one. */
  #pull(): void {
    const batch = this.#size.entries;
    if (this.#name === undefined || !this.#channel || this.#requested > batch / 2) return;
    const { connection, jsm } = this.#channel;
    this.#requested += batch;
    const subject = `${prefixOf(jsm)}.CONSUMER.MSG.NEXT.${this.#options.stream}.${this.#name}`;
    const request = JSON.stringify({ batch, expires: nanos(PULL_MS) });
    connection.client.publish(subject, request, { reply: this.#inbox });
  }

  #take(message: Msg): void {
    const { reply = '' } = message;
    if (!reply.startsWith(ENTRY)) return this.#control(message);
    // $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.delivered.nanoseconds.pending[.token]
    const tokens = reply.split('.');
    const at = tokens.length > 9 ? 7 : 5;
    const [sequence, delivered, time] = [Number(tokens[at]), Number(tokens[at + 1]), tokens[at + 2] ?? ''];
    if (delivered !== this.#delivered + 1) return void this.#startAgain();
    this.#delivered = delivered;
    this.#requested--;
    const entry = { sequence: sequence as Sequence, time: Number(time.slice(0, -6)), data: message.data };
    const { receiver } = this.#options;
    // All entries that the socket brings in one turn are delivered together.
    if (this.#batch.length === 0) process.nextTick(() => this.#flush());
    if (this.#isVerifying && receiver.previous) {
      // A server that is still catching up began with what came next there.
      if (sequence < receiver.previous.sequence) return;
      this.#isVerifying = false;
      if (sequence === receiver.previous.sequence) return void receiver.verify(entry);
    }
    this.#batch.push(entry);
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#size.arrived(batch);
    this.#pull();
    if (batch.length > 0) this.#options.receiver.receive(batch);
  }

  /** A request has ended without all of its entries, or the consumer is gone. */
  #control({ headers }: Msg): void {
    const code = headers?.code ?? 0;
    if (code === IDLE) return;
    const missing = Number(headers?.get('Nats-Pending-Messages') ?? '');
    if (OVER.has(code)) {
      this.#requested = Math.max(0, this.#requested - (missing || this.#requested));
      return this.#pull();
    }
    const subscription = this.#subscription;
    setTimeout(() => {
      if (this.#subscription === subscription && !this.#isStopped) void this.#startAgain();
    }, RETRY_MS).unref();
  }
}

/** `$JS.API`, or that of a domain. */
const prefixOf = (jsm: JetStreamManager): string => jsm.getOptions().apiPrefix ?? '$JS.API';
