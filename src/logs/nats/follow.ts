/**
 * One follower of the stream, across everything that may become of the connection and the servers.
 *
 * Entries come through an ephemeral push consumer on a plain subscription: the client's own ordered consumer costs more for each
 * entry, and can stall. Whatever looks wrong (a delivery missing, the connection lost, no progress) has one answer: another
 * consumer. It begins with the last entry that was handed on, which must be the same as then: so a log that has lost its
 * newest part is noticed before anything of its new part is handed on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy, type StreamInfo } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import type { LogEntry, LogListener } from '../../core/replication/ordered-log.ts';
import type { Sequence } from '../../core/model/position.ts';
import type { Connection } from './connection.ts';

export interface FollowOptions {
  readonly connection: Connection;
  readonly jsm: JetStreamManager;
  readonly stream: string;
  /** When the stream was made: another one by the same name is another log. */
  readonly created: string;
  readonly from: Sequence;
  /** The entry before `from`, if it is still there. */
  readonly before: LogEntry | undefined;
  readonly follower: LogListener;
}

const HEARTBEAT_MS = 5000;
const RETRY_MS = 250;
/** A leader that was just elected may say for a moment that the log ends before its newest part. */
const CHECKS_BEHIND = 5;
const ENTRY = '$JS.ACK.';

export class Follow {
  readonly #options: FollowOptions;
  readonly #follower: LogListener;
  #next: number;
  /** The one before `#next`. */
  #last: LogEntry | undefined;
  /** Whether the consumer's first entry is `#last` again. */
  #isProbing = false;
  #batch: LogEntry[] = [];
  /** Of the consumer there is now. */
  #subscription: Subscription | undefined;
  #delivered = 0;
  #consumer: string | undefined;
  #starting: Promise<void> | undefined;
  #isAskedAgain = false;
  #asked = Promise.withResolvers<void>();
  #nextAtCheck = 0;
  #checksBehind = 0;
  #isStopped = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#follower = options.follower;
    this.#next = options.from;
    this.#last = options.before;
  }

  get next(): number {
    return this.#next;
  }

  /** Resolves once there is a consumer. */
  restart(): Promise<void> {
    this.#isAskedAgain = true;
    this.#asked.resolve();
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  /** `next`: what `next` was as the server was asked. */
  check({ created, state }: StreamInfo, next: number): void {
    if (this.#isStopped) return;
    const { first_seq: first, last_seq: last } = state;
    if (created !== this.#options.created) return this.#break('the stream was made anew');
    if (first > this.#next) return this.#break(`sequence ${this.#next} is gone: the log begins with ${first}`);
    this.#checksBehind = last < next - 1 ? this.#checksBehind + 1 : 0;
    if (this.#checksBehind >= CHECKS_BEHIND)
      return this.#break(`the log has lost what was behind ${last}: it had gone to ${next - 1}`);
    const isStalled = last >= this.#next && this.#next === this.#nextAtCheck;
    this.#nextAtCheck = this.#next;
    if ((isStalled || this.#checksBehind > 0) && !this.#starting) void this.restart();
  }

  stop(): void {
    this.#isStopped = true;
    this.#batch = [];
    this.#asked.resolve();
    this.#leave();
  }

  async #start(): Promise<void> {
    while (this.#isAskedAgain && !this.#isStopped) {
      this.#isAskedAgain = false;
      this.#asked = Promise.withResolvers();
      try {
        // What was asked of a connection that is gone by now is never answered.
        await Promise.race([this.#consume(), this.#asked.promise]);
      } catch {
        // No leader, no connection, no stream: the log's health says so.
        this.#isAskedAgain = true;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #consume(): Promise<void> {
    const { connection, jsm, stream } = this.#options;
    this.#leave();
    this.#hand();
    const inbox = createInbox();
    const subscription = connection.client.subscribe(inbox, {
      callback: (error, message) => {
        if (!error && this.#subscription === subscription) this.#take(message);
      },
    });
    this.#subscription = subscription;
    this.#delivered = 0;
    this.#isProbing = this.#last !== undefined;
    const { name } = await jsm.consumers.add(stream, {
      deliver_subject: inbox,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#last?.sequence ?? this.#next,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      flow_control: true,
      idle_heartbeat: nanos(HEARTBEAT_MS),
    });
    if (this.#subscription === subscription) this.#consumer = name;
  }

  /** Without anybody who listens, the consumer would go by itself after some seconds. */
  #leave(): void {
    const { connection, jsm, stream } = this.#options;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    if (this.#consumer !== undefined && connection.isUp) jsm.consumers.delete(stream, this.#consumer).catch(() => {});
    this.#consumer = undefined;
  }

  #take(message: Msg): void {
    const { reply = '' } = message;
    if (!reply.startsWith(ENTRY)) return this.#control(message);
    // $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.delivered.nanoseconds.pending[.token]
    const tokens = reply.split('.');
    const at = tokens.length > 9 ? 7 : 5;
    const [sequence, delivered, time] = [Number(tokens[at]), Number(tokens[at + 1]), tokens[at + 2] ?? ''];
    if (delivered !== this.#delivered + 1) return void this.restart();
    this.#delivered = delivered;
    const entry = { sequence: sequence as Sequence, time: Number(time.slice(0, -6)), data: message.data };
    if (this.#isProbing && this.#last) {
      // From a server that is still catching up: it began with what came next there.
      if (sequence < this.#last.sequence) return;
      this.#isProbing = false;
      if (sequence === this.#last.sequence) {
        if (!isSame(entry, this.#last)) this.#break(`entry ${sequence} is another one than it was`);
        return;
      }
    }
    if (sequence !== this.#next) return this.#break(`sequence ${this.#next} was to come, and ${sequence} has`);
    this.#next++;
    this.#last = entry;
    // All that the socket brings in one turn goes together.
    if (this.#batch.push(entry) === 1) process.nextTick(() => this.#hand());
  }

  #hand(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#follower.entries(batch);
  }

  /** Flow control wants an answer once what came before it has been taken in; an idle heartbeat says what should have come. */
  #control(message: Msg): void {
    const { headers, reply } = message;
    if (headers?.code !== 100) return void this.restart();
    const stalled = headers.get('Nats-Consumer-Stalled');
    const delivered = headers.get('Nats-Last-Consumer');
    if (reply || stalled !== '') {
      this.#hand();
      if (reply) message.respond();
      else this.#options.connection.client.publish(stalled);
    }
    if (delivered !== '' && Number(delivered) > this.#delivered) void this.restart();
  }

  #break(reason: string): void {
    if (this.#isStopped) return;
    this.#hand();
    this.stop();
    this.#follower.broken(reason);
  }
}

function isSame(one: LogEntry, other: LogEntry): boolean {
  return one.time === other.time && Buffer.compare(one.data, other.data) === 0;
}
