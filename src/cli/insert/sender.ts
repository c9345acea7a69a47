/**
 * Batches, one after the other, until each is in or refused: order is kept. A batch is sent again, with the same
 * idempotency keys, until there is an answer; one that is refused for some of its inputs goes in without them, and is
 * halved as long as the server doesn't say which.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from '../../http-client/http-client.ts';
import { backoffMs } from '../../core/replication/backoff.ts';
import type { Input } from './input.ts';
import { BATCH_LIMITS, type BatchLimits } from './input-queue.ts';
import { type Answer, insertBatch } from './insertion.ts';

/** Nothing more can go in. */
export class InsertError extends Error {}

export interface SenderOptions {
  readonly target: Target;
  /** Ends waiting, and what comes after the request in flight. */
  readonly signal: AbortSignal;
  onInserted(inputs: readonly Input[]): void;
  onRefused(input: Input, reason: string): void;
  /** Once until something goes in again. */
  onWaiting(reason: string): void;
}

type Refusal = Extract<Answer, { kind: 'refused' }>;

export class Sender {
  readonly #options: SenderOptions;
  /** What the server is known to take at most. */
  #limits: BatchLimits = BATCH_LIMITS;
  #wasReached = false;
  #refused = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get limits(): BatchLimits {
    return this.#limits;
  }

  /** Throws `InsertError`, and what `signal` was aborted with. */
  async send(inputs: readonly Input[]): Promise<void> {
    for (let next = 0; next < inputs.length;) {
      const part = inputs.slice(next, next + this.#limits.maxItems);
      await this.#sendPart(part);
      next += part.length;
    }
  }

  async #sendPart(inputs: readonly Input[]): Promise<void> {
    const refusal = await this.#untilAnswered(inputs);
    if (!refusal) return this.#options.onInserted(inputs);
    const { issues, reason, isCount } = refusal;
    const [first] = inputs;
    if (issues.size > 0 || (inputs.length === 1 && first)) {
      const whyOf = (index: number): string | undefined => (issues.size > 0 ? issues.get(index) : reason);
      const others = inputs.filter((input, index) => {
        const why = whyOf(index);
        if (why !== undefined) this.#refuse(input, why);
        return why === undefined;
      });
      if (others.length === inputs.length) throw new InsertError(reason);
      return this.send(others);
    }
    const middle = Math.ceil(inputs.length / 2);
    if (isCount) this.#limits = { ...this.#limits, maxItems: middle };
    const halves = [inputs.slice(0, middle), inputs.slice(middle)];
    const refusedBefore = this.#refused;
    for (const half of halves) await this.send(half);
    if (isCount || this.#refused > refusedBefore) return;
    // Each of them was sound: together they were too many bytes.
    const maxBytes = Math.min(this.#limits.maxBytes, Math.max(...halves.map(bytesOf)));
    this.#limits = { ...this.#limits, maxBytes };
  }

  #refuse(input: Input, reason: string): void {
    this.#refused++;
    this.#options.onRefused(input, reason);
  }

  /** Undefined: it is in. */
  async #untilAnswered(inputs: readonly Input[]): Promise<Refusal | undefined> {
    const { target, signal, onWaiting } = this.#options;
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted();
      const answer = await insertBatch(target, inputs);
      if (answer.kind === 'unreachable' && !this.#wasReached)
        throw new InsertError(`cannot reach ${target.url}: ${answer.reason}`);
      this.#wasReached = true;
      if (answer.kind === 'inserted') return undefined;
      if (answer.kind === 'refused') return answer;
      if (answer.kind === 'failed') throw new InsertError(`${target.url}: ${answer.reason}`);
      const isRate = answer.kind === 'later' && answer.isRate;
      // A batch may be more than a server ever takes at once.
      if (isRate && failures > 0 && inputs.length > 1)
        return { kind: 'refused', reason: answer.reason, issues: new Map(), isCount: true };
      // An idle connection that the server has just closed is no news.
      if (failures === 1) onWaiting(waitingFor(target, answer));
      const afterMs = answer.kind === 'later' ? (answer.afterMs ?? 0) : 0;
      await delay(Math.max(afterMs, backoffMs(failures)), undefined, { signal });
    }
  }
}

const bytesOf = (inputs: readonly Input[]): number => inputs.reduce((sum, { bytes }) => sum + bytes, 0);

type Failure = Extract<Answer, { kind: 'unreachable' | 'lost' | 'later' }>;

const waitingFor = ({ url }: Target, { kind, reason }: Failure): string =>
  kind === 'later' ? `${url}: ${reason}` : `cannot reach ${url}: ${reason}`;
