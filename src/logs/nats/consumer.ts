/**
 * Entries come through an ephemeral push consumer on a plain subscription: the client's own ordered consumer costs more for
 * each entry, and can stall. A missing delivery, a lost connection and a lack of progress have one remedy: another consumer.
 * It begins with the last entry that was delivered, which must be the same, so that a log that has lost its newest part is
 * noticed before any entry of its new part is delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Sequence } from '../../core/model/position.ts';
import type { EntryReceiver, EntrySource } from '../remote/driver.ts';
import type { Connection } from './connection.ts';

export interface ConsumerOptions {
  readonly connection: Connection;
  readonly jsm: JetStreamManager;
  readonly stream: string;
  readonly receiver: EntryReceiver;
  readonly onStop: () => void;
}

const HEARTBEAT_MS = 5000;
const RETRY_MS = 250;
const ENTRY = '$JS.ACK.';

export class Consumer implements EntrySource {
  readonly #options: ConsumerOptions;
  /** Whether the consumer's first entry is the one before `next` again. */
  #isVerifying = false;
  #batch: LogEntry[] = [];
  /** Of the current consumer. */
  #subscription: Subscription | undefined;
  #delivered = 0;
  #name: string | undefined;
  #starting: Promise<void> | undefined;
  #isAskedAgain = false;
  #asked = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /**
   * Resolves once there is a consumer. Called again, it gives up the one that is being created: a request on a connection that
   * was lost is never answered.
   */
  start(): Promise<void> {
    this.#isAskedAgain = true;
    this.#asked.resolve();
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  restart(): void {
    if (!this.#starting) void this.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#batch = [];
    this.#asked.resolve();
    this.#remove();
    this.#options.onStop();
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
    const { connection, jsm, stream, receiver } = this.#options;
    this.#remove();
    this.#flush();
    const inbox = createInbox();
    const subscription = connection.client.subscribe(inbox, {
      callback: (error, message) => {
        if (!error && this.#subscription === subscription) this.#take(message);
      },
    });
    this.#subscription = subscription;
    this.#delivered = 0;
    this.#isVerifying = receiver.previous !== undefined;
    const { name } = await jsm.consumers.add(stream, {
      deliver_subject: inbox,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: receiver.previous?.sequence ?? receiver.next,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      flow_control: true,
      idle_heartbeat: nanos(HEARTBEAT_MS),
    });
    if (this.#subscription === subscription) this.#name = name;
  }

  /** The server would remove it, too, some seconds after the subscription. */
  #remove(): void {
    const { connection, jsm, stream } = this.#options;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    if (this.#name !== undefined && connection.isUp) jsm.consumers.delete(stream, this.#name).catch(() => {});
    this.#name = undefined;
  }

  #take(message: Msg): void {
    const { reply = '' } = message;
    if (!reply.startsWith(ENTRY)) return this.#control(message);
    // $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.delivered.nanoseconds.pending[.token]
    const tokens = reply.split('.');
    const at = tokens.length > 9 ? 7 : 5;
    const [sequence, delivered, time] = [Number(tokens[at]), Number(tokens[at + 1]), tokens[at + 2] ?? ''];
    if (delivered !== this.#delivered + 1) return void this.start();
    this.#delivered = delivered;
    const entry = { sequence: sequence as Sequence, time: Number(time.slice(0, -6)), data: message.data };
    const { receiver } = this.#options;
    if (this.#isVerifying && receiver.previous) {
      // A server that is still catching up began with what came next there.
      if (sequence < receiver.previous.sequence) return;
      this.#isVerifying = false;
      if (sequence === receiver.previous.sequence) return void receiver.verify(entry);
    }
    // All entries that the socket brings in one turn are delivered together.
    if (this.#batch.push(entry) === 1) process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#options.receiver.receive(batch);
  }

  /** Flow control wants an answer once all before it has been taken; an idle heartbeat says how much should have come. */
  #control(message: Msg): void {
    const { headers, reply } = message;
    if (headers?.code !== 100) return void this.start();
    const stalled = headers.get('Nats-Consumer-Stalled');
    const delivered = headers.get('Nats-Last-Consumer');
    if (reply || stalled !== '') {
      this.#flush();
      if (reply) message.respond();
      else this.#options.connection.client.publish(stalled);
    }
    if (delivered !== '' && Number(delivered) > this.#delivered) void this.start();
  }
}
