/**
 * Sends batches one after the other, so that their order is kept. A batch is repeated with the same idempotency keys until there is an answer.
 * When the server refuses some inputs, the others are sent again without them; when it does not say which, the batch is halved.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerAddress } from '../../http-client/http-client.ts';
import { backoffMs } from '../../core/replication/backoff.ts';
import type { Input } from './input.ts';
import { BATCH_LIMITS, type BatchLimits } from './input-queue.ts';
import { type Answer, insertBatch } from './insertion.ts';
import type { Target } from './target.ts';

/** No further input can be inserted. */
export class InsertError extends Error {}

export interface SenderOptions {
  readonly address: ServerAddress;
  readonly target: () => Promise<Target>;
  /** Ends a pause at once, and the sending after the request in flight. */
  readonly signal: AbortSignal;
  onInserted(inputs: readonly Input[]): void;
  onRefused(input: Input, reason: string): void;
  /** Called once for each batch that has to wait. */
  onWaiting(reason: string): void;
}

/** In a row, before a batch that may have been inserted is taken for larger than the rate ever allows. */
const RATE_REFUSALS = 5;

type Refusal = Extract<Answer, { kind: 'refused' }>;

export class Sender {
  readonly #options: SenderOptions;
  /** The largest batch that the server is known to accept. */
  #limits: BatchLimits = BATCH_LIMITS;
  #wasReached = false;
  #refused = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get limits(): BatchLimits {
    return this.#limits;
  }

  /** @throws InsertError, or the reason that `signal` was aborted with */
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
      const reasonFor = (index: number): string | undefined => (issues.size > 0 ? issues.get(index) : reason);
      const others = inputs.filter((input, index) => {
        const problem = reasonFor(index);
        if (problem !== undefined) this.#refuse(input, problem);
        return problem === undefined;
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
    // Each half was accepted: together they had too many bytes.
    const maxBytes = Math.min(this.#limits.maxBytes, Math.max(...halves.map(bytesOf)));
    this.#limits = { ...this.#limits, maxBytes };
  }

  #refuse(input: Input, reason: string): void {
    this.#refused++;
    this.#options.onRefused(input, reason);
  }

  /** Undefined: the batch was inserted. */
  async #untilAnswered(inputs: readonly Input[]): Promise<Refusal | undefined> {
    const { address, signal, onWaiting } = this.#options;
    const target = await this.#options.target();
    const body = target.bodyOf(inputs);
    let [isUncertain, rateRefusals] = [false, 0];
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted();
      const answer = await insertBatch(address, body);
      if (answer.kind === 'unreachable' && !this.#wasReached)
        throw new InsertError(`cannot reach ${address.url}: ${answer.reason}`);
      this.#wasReached = true;
      if (answer.kind === 'inserted') return undefined;
      if (answer.kind === 'refused') return answer;
      if (answer.kind === 'failed') throw new InsertError(`${address.url}: ${answer.reason}`);
      const isRate = answer.kind === 'later' && answer.isRate;
      isUncertain ||= !isRate;
      if (isRate) rateRefusals++;
      // A batch that the server never accepts at once has not been inserted. Before it is taken for one, it waits as the server has told.
      const patience = target.hasKeyPerInput || !isUncertain ? 0 : RATE_REFUSALS;
      if (isRate && failures > 0 && rateRefusals > patience && inputs.length > 1)
        return { kind: 'refused', reason: answer.reason, issues: new Map(), isCount: true };
      // The first failure may be an idle connection that the server has just closed.
      if (failures === 1) onWaiting(waitingFor(address, answer));
      const afterMs = answer.kind === 'later' ? (answer.afterMs ?? 0) : 0;
      await delay(Math.max(afterMs, backoffMs(failures)), undefined, { signal });
    }
  }
}

const bytesOf = (inputs: readonly Input[]): number => inputs.reduce((sum, { bytes }) => sum + bytes, 0);

type Failure = Extract<Answer, { kind: 'unreachable' | 'lost' | 'later' }>;

const waitingFor = ({ url }: ServerAddress, { kind, reason }: Failure): string =>
  kind === 'later' ? `${url}: ${reason}` : `cannot reach ${url}: ${reason}`;
