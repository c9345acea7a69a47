/**
 * Appends, many in flight at a time. All attempts of one have the same reply subject, so the number of unanswered ones is
 * known. If there is none, nothing was written (`EngineUnavailableError`); otherwise it may have been (`IndeterminateError`).
 * Another attempt does no harm: JetStream knows an id that it has seen, and answers with the sequence of the first.
 *
 * The order is that of the calls, as long as nothing has to be sent again.
 */
import { createInbox, headers, type Msg, type MsgHdrs, type Subscription } from '@nats-io/transport-node';
import { EngineUnavailableError, IndeterminateError, PayloadTooLargeError } from '../../core/model/errors.ts';
import type { Sequence } from '../../core/model/position.ts';
import type { RemoteAppender } from '../remote/driver.ts';
import type { Connection } from './connection.ts';
import { FULL, subjectOf } from './stream.ts';

interface Pending {
  readonly id: string;
  readonly data: Uint8Array;
  readonly deadline: number;
  resolve(sequence: Sequence): void;
  reject(error: Error): void;
  attempts: number;
  unanswered: number;
  sentAt: number;
  /** Why the last attempt failed. */
  reason: string;
}

export interface AppenderOptions {
  readonly connection: Connection;
  readonly stream: string;
  /** A stream of the same name may be in another domain. */
  readonly domain: string | undefined;
  readonly timeoutMs: number;
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const SWEEP_MS = 250;
/** An append is sent again when it is unanswered for so long; then for twice as long, and so on. */
const RESEND_MS = 1000;
const LOST = 'the connection to NATS is lost';

export class Appender implements RemoteAppender {
  readonly #options: AppenderOptions;
  readonly #subject: string;
  readonly #inbox = createInbox();
  readonly #replies: Subscription;
  readonly #pending = new Map<string, Pending>();
  /** Shared by all: the client encodes them within `publish`. */
  readonly #headers: MsgHdrs = headers();
  /** Without the id itself. */
  readonly #headerBytes: number;
  readonly #sweepMs: number;
  #count = 0;
  #waitingBytes = 0;
  #sweeping: NodeJS.Timeout | undefined;
  #refusedBytes = 0;
  /** NATS has answered a request that was made then, or later. */
  #aliveAt = 0;

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

  /** The size of the last append if the stream was too full for it, else 0. */
  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  append(data: Uint8Array, id: string): Promise<Sequence> {
    const { connection, timeoutMs } = this.#options;
    if (connection.downMs > timeoutMs) return Promise.reject(new EngineUnavailableError(LOST));
    const most = connection.client.info?.max_payload ?? Infinity;
    if (data.length + this.#headerBytes + id.length > most)
      return Promise.reject(
        new PayloadTooLargeError(`the command has ${data.length} bytes, more than NATS takes (max_payload ${most})`),
      );
    if (this.#waitingBytes + data.length > MAX_WAITING_BYTES)
      return Promise.reject(new EngineUnavailableError(`more than ${MAX_WAITING_BYTES} bytes wait to be written`));
    return new Promise((resolve, reject) => {
      // One sweep earlier, so that it is answered in time.
      const deadline = performance.now() + timeoutMs - this.#sweepMs;
      const unsent = { attempts: 0, unanswered: 0, sentAt: 0, reason: LOST };
      const pending: Pending = { id, data, deadline, resolve, reject, ...unsent };
      const token = (this.#count++).toString(36);
      this.#pending.set(token, pending);
      this.#waitingBytes += data.length;
      this.#sweeping ??= setInterval(() => this.#sweep(), this.#sweepMs);
      if (connection.isUp) this.#send(token, pending);
    });
  }

  /** After a reconnect: what was under way may be lost. */
  resendAll(): void {
    for (const [token, pending] of this.#pending) this.#send(token, pending);
  }

  /** NATS has answered a request of this time. */
  alive(askedAt: number): void {
    this.#aliveAt = Math.max(this.#aliveAt, askedAt);
  }

  async stop(reason: string): Promise<void> {
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
      // The connection is closed, or takes less than before: nothing was sent.
      pending.unanswered--;
      pending.reason = error instanceof Error ? error.message : LOST;
    }
  }

  #answer(reply: Msg): void {
    const token = reply.subject.slice(this.#inbox.length + 1);
    const pending = this.#pending.get(token);
    if (!pending) return;
    const { stream, seq, domain, error } = acknowledgementIn(reply);
    if (this.#options.domain !== undefined && domain !== undefined && domain !== this.#options.domain) return;
    if (seq !== undefined && !error && stream === this.#options.stream) {
      this.#forget(token, pending);
      this.#refusedBytes = 0;
      pending.resolve(seq as Sequence);
      return;
    }
    const { code = 500, err_code: number, description = 'without a reason' } = error ?? {};
    if (number === FULL) this.#refusedBytes = pending.data.length + this.#headerBytes;
    pending.unanswered--;
    pending.reason = `NATS refuses the append: ${description}`;
    // After a client error, another attempt would be refused likewise.
    if (code < 500 && pending.unanswered === 0) this.#fail(token, pending);
  }

  #sweep(): void {
    const now = performance.now();
    const { isUp } = this.#options.connection;
    for (const [token, pending] of this.#pending) {
      const { deadline, unanswered, attempts, sentAt } = pending;
      const isOverdue = this.#aliveAt > sentAt && now - sentAt > RESEND_MS * 2 ** (attempts - 1);
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
        : new IndeterminateError(
            `NATS has not answered within ${this.#options.timeoutMs} ms: it may have been written`,
          ),
    );
  }

  #forget(token: string, { data }: Pending): void {
    this.#pending.delete(token);
    this.#waitingBytes -= data.length;
  }
}

interface Acknowledgement {
  readonly stream?: string;
  readonly seq?: number;
  readonly domain?: string;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

function acknowledgementIn(reply: Msg): Acknowledgement {
  if (reply.data.length === 0) return { error: { description: 'the stream has no leader, or is gone' } };
  try {
    return reply.json<Acknowledgement>();
  } catch {
    return { error: { description: 'the answer is not JSON' } };
  }
}
