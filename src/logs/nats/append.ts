/**
 * Appends, many in flight at a time. All attempts of one have one reply subject, so it is known how many of them are unanswered: with
 * none, nothing was written (`EngineUnavailableError`); else something may have been (`IndeterminateError`). JetStream takes an id
 * that it has seen for a duplicate and says the first one's sequence, so another attempt does no harm.
 *
 * The order is that of the calls, as long as nothing has to be tried again.
 */
import { createInbox, headers, type Msg, type MsgHdrs, type Subscription } from '@nats-io/transport-node';
import { EngineUnavailableError, IndeterminateError, PayloadTooLargeError } from '../../core/model/errors.ts';
import type { Sequence } from '../../core/model/position.ts';
import type { Connection } from './connection.ts';
import { subjectOf } from './stream.ts';

interface Pending {
  readonly id: string;
  readonly data: Uint8Array;
  readonly deadline: number;
  resolve(sequence: Sequence): void;
  reject(error: Error): void;
  attempts: number;
  unanswered: number;
  /** On the monotonic clock. */
  sentAt: number;
  /** Why the last attempt has failed. */
  reason: string;
}

export interface AppenderOptions {
  readonly connection: Connection;
  readonly stream: string;
  readonly timeoutMs: number;
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const SWEEP_MS = 250;
/** Unanswered for so long it is sent again; then for twice as long, and so on. */
const PATIENCE_MS = 1000;
const AWAY = 'NATS is away';

export class Appender {
  readonly #options: AppenderOptions;
  readonly #subject: string;
  readonly #inbox = createInbox();
  readonly #replies: Subscription;
  readonly #pending = new Map<string, Pending>();
  /** One for all: the client encodes it within `publish`. */
  readonly #headers: MsgHdrs = headers();
  /** What an id's headers have beside the id itself. */
  readonly #headerBytes: number;
  readonly #sweepMs: number;
  #count = 0;
  #waitingBytes = 0;
  #sweeping: NodeJS.Timeout | undefined;
  /** The newest moment of which an answer shows that NATS was there after it. */
  #aliveAt = 0;
  #stopped: string | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#sweepMs = Math.min(SWEEP_MS, options.timeoutMs / 2);
    this.#subject = subjectOf(options.stream);
    this.#headers.set('Nats-Expected-Stream', options.stream);
    this.#headers.set('Nats-Msg-Id', '');
    this.#headerBytes = Buffer.byteLength(
      `NATS/1.0\r\nNats-Expected-Stream: ${options.stream}\r\nNats-Msg-Id: \r\n\r\n`,
    );
    this.#replies = options.connection.client.subscribe(`${this.#inbox}.*`, {
      callback: (error, reply) => {
        if (!error) this.#answer(reply);
      },
    });
  }

  append(data: Uint8Array, id: string): Promise<Sequence> {
    const { connection, timeoutMs } = this.#options;
    if (this.#stopped !== undefined) return Promise.reject(new EngineUnavailableError(this.#stopped));
    if (connection.downMs > timeoutMs) return Promise.reject(new EngineUnavailableError(AWAY));
    const most = connection.client.info?.max_payload ?? Infinity;
    if (data.length + this.#headerBytes + id.length > most)
      return Promise.reject(
        new PayloadTooLargeError(`the command has ${data.length} bytes, more than NATS takes (max_payload ${most})`),
      );
    if (this.#waitingBytes + data.length > MAX_WAITING_BYTES)
      return Promise.reject(new EngineUnavailableError('too much waits to be written'));
    return new Promise((resolve, reject) => {
      // A sweep before it is due, so that it is answered in time.
      const deadline = performance.now() + timeoutMs - this.#sweepMs;
      const pending: Pending = {
        id,
        data,
        deadline,
        resolve,
        reject,
        attempts: 0,
        unanswered: 0,
        sentAt: 0,
        reason: AWAY,
      };
      const token = (this.#count++).toString(36);
      this.#pending.set(token, pending);
      this.#waitingBytes += data.length;
      this.#sweeping ??= setInterval(() => this.#sweep(), this.#sweepMs);
      if (connection.isUp) this.#send(token, pending);
    });
  }

  /** What was under way may be lost. */
  resendAll(): void {
    for (const [token, pending] of this.#pending) this.#send(token, pending);
  }

  /** NATS has answered something that it was asked at this time. */
  alive(askedAt: number): void {
    this.#aliveAt = Math.max(this.#aliveAt, askedAt);
  }

  stop(reason: string): void {
    this.#stopped = reason;
    clearInterval(this.#sweeping);
    this.#replies.unsubscribe();
    for (const [token, pending] of this.#pending) this.#fail(token, { ...pending, reason });
  }

  #send(token: string, pending: Pending): void {
    pending.attempts++;
    pending.unanswered++;
    pending.sentAt = performance.now();
    this.#headers.set('Nats-Msg-Id', pending.id);
    const options = { reply: `${this.#inbox}.${token}`, headers: this.#headers };
    try {
      this.#options.connection.client.publish(this.#subject, pending.data, options);
    } catch (error) {
      // A connection that is closed, or takes less than before: nothing has left.
      pending.unanswered--;
      pending.reason = error instanceof Error ? error.message : AWAY;
    }
  }

  #answer(reply: Msg): void {
    const token = reply.subject.slice(this.#inbox.length + 1);
    const pending = this.#pending.get(token);
    if (!pending) return;
    const { sequence, refusal, isFinal } = answerOf(reply, this.#options.stream);
    if (sequence !== undefined) {
      this.#forget(token, pending);
      pending.resolve(sequence);
      return;
    }
    pending.unanswered--;
    pending.reason = refusal;
    if (isFinal && pending.unanswered === 0) this.#fail(token, pending);
  }

  #sweep(): void {
    const now = performance.now();
    const { isUp } = this.#options.connection;
    for (const [token, pending] of this.#pending) {
      const { deadline, unanswered, attempts, sentAt } = pending;
      const isOverdue = this.#aliveAt > sentAt && now - sentAt > PATIENCE_MS * 2 ** (attempts - 1);
      if (now >= deadline) this.#fail(token, pending);
      else if (isUp && (unanswered === 0 || isOverdue)) this.#send(token, pending);
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }

  #fail(token: string, pending: Pending): void {
    this.#forget(token, pending);
    pending.reject(
      pending.unanswered === 0
        ? new EngineUnavailableError(pending.reason)
        : new IndeterminateError('NATS has not answered in time: it may have been written'),
    );
  }

  #forget(token: string, { data }: Pending): void {
    this.#pending.delete(token);
    this.#waitingBytes -= data.length;
  }
}

interface Answer {
  readonly sequence?: Sequence;
  readonly refusal: string;
  /** Another attempt would be refused likewise. */
  readonly isFinal: boolean;
}

interface Acknowledgement {
  readonly stream?: string;
  readonly seq?: number;
  readonly error?: { readonly code?: number; readonly description?: string };
}

function answerOf(reply: Msg, stream: string): Answer {
  const { data } = reply;
  if (data.length === 0) return { refusal: 'the stream has no leader, or is gone', isFinal: false };
  const answer = acknowledgementIn(reply);
  if (answer?.seq !== undefined && !answer.error && answer.stream === stream)
    return { sequence: answer.seq as Sequence, refusal: '', isFinal: true };
  const { code = 500, description = 'it answered what can’t be read' } = answer?.error ?? {};
  return { refusal: `NATS refuses: ${description}`, isFinal: code < 500 };
}

function acknowledgementIn(reply: Msg): Acknowledgement | undefined {
  try {
    return reply.json<Acknowledgement>();
  } catch {
    return undefined;
  }
}
