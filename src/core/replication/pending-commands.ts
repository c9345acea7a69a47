/**
 * Those who wait for what became of a command here. Each is answered once: with the outcome when the replica that is shown has
 * applied the command, or with why that can't be told.
 */
import type { Command } from '../model/command.ts';
import { IndeterminateError } from '../model/errors.ts';
import type { OrderedLog } from './ordered-log.ts';
import type { Sequence } from '../model/position.ts';
import { NOTHING, type Outcome } from '../replica/outcome.ts';
import type { Replica } from '../replica/replica.ts';

export interface Waiting<Value> {
  readonly id: string;
  readonly command: Command<Value>;
  /** `performance.now()` by then, if that is bound. */
  deadline: number | undefined;
  /** Once the log has it. */
  sequence: Sequence | undefined;
  /** What became of it, of a log that hasn't acknowledged it yet though it has to. */
  outcome: Outcome<Value> | undefined;
  isOver: boolean;
  resolve(outcome: Outcome<Value>): void;
  reject(error: Error): void;
}

/** Where the log doesn't say: what it has comes back by then, or never. */
const WITHIN_MS = 60_000;

/** Of a log that broke: no replica is behind it. */
const BEFORE = 0 as Sequence;

const NOBODY: Waiting<never> = {
  id: '',
  command: { kind: 'tick' },
  deadline: undefined,
  sequence: undefined,
  outcome: undefined,
  isOver: true,
  resolve: () => {},
  reject: () => {},
};

export class Answers<Value> {
  /** By command id, oldest first. Two that nobody waits for: each time that a map gets empty V8 makes its table anew, which is dear. */
  readonly #waiting = new Map<string, Waiting<Value>>([
    ['a', NOBODY],
    ['b', NOBODY],
  ]);
  readonly #withinMs: number | undefined;
  readonly #isEarly: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fireAt = Infinity;

  constructor({ answerWithinMs, showsEarly = false }: Pick<OrderedLog, 'answerWithinMs' | 'showsEarly'>) {
    this.#withinMs = answerWithinMs;
    this.#isEarly = showsEarly;
  }

  add(
    id: string,
    command: Command<Value>,
    resolve: Waiting<Value>['resolve'],
    reject: Waiting<Value>['reject'],
  ): Waiting<Value> {
    const deadline = this.#withinMs === undefined ? undefined : performance.now() + this.#withinMs;
    const waiting = { id, command, deadline, sequence: undefined, outcome: undefined, isOver: false, resolve, reject };
    this.#waiting.set(id, waiting);
    return waiting;
  }

  get(id: string): Waiting<Value> | undefined {
    return this.#waiting.get(id);
  }

  /** The log has the command. `shown`: the replica that is shown, unless it is about to be replaced. */
  acknowledge(waiting: Waiting<Value>, sequence: Sequence, shown: Replica<Value> | undefined): void {
    if (waiting.isOver) return;
    waiting.sequence = sequence;
    const { outcome } = waiting;
    if (outcome && this.#take(waiting)) return waiting.resolve(outcome);
    if (shown) this.#settle(waiting, shown);
    if (!waiting.isOver) this.#arm((waiting.deadline ??= performance.now() + WITHIN_MS));
  }

  fail(waiting: Waiting<Value>, error: Error): void {
    if (this.#take(waiting)) waiting.reject(error);
  }

  /** To be called once the replica that applied the command is shown. */
  tell(waiting: Waiting<Value>, outcome: Outcome<Value>, shown: Replica<Value>): void {
    // Nothing: it is a repetition, maybe of what the replica had from a snapshot.
    const known = outcome.kind === 'nothing' ? shown.recall(waiting.command) : outcome;
    if (!known) this.fail(waiting, unknown());
    else if (this.#isEarly && waiting.sequence === undefined) waiting.outcome = known;
    else if (this.#take(waiting)) waiting.resolve(known);
  }

  /** What has been acknowledged is in the log when that is opened again, or lost, whatever its sequence is then. */
  broken(): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.sequence !== undefined) waiting.sequence = BEFORE;
      waiting.outcome = undefined;
    }
  }

  /** Another replica is shown, which may have commands that nobody here saw it apply. */
  tellAll(shown: Replica<Value>): void {
    for (const waiting of this.#waiting.values()) this.#settle(waiting, shown);
  }

  failAll(cause: Error): void {
    clearTimeout(this.#timer);
    for (const waiting of this.#waiting.values()) this.fail(waiting, unknown(cause));
  }

  /** What is known of a command that isn't ahead of the replica. */
  #settle(waiting: Waiting<Value>, shown: Replica<Value>): void {
    if (shown.commandIds.has(waiting.id)) this.tell(waiting, NOTHING, shown);
    else if ((waiting.sequence ?? Infinity) <= shown.sequence)
      this.fail(waiting, unknown(new Error('the log has lost it')));
  }

  #take(waiting: Waiting<Value>): boolean {
    if (waiting.isOver) return false;
    waiting.isOver = true;
    return this.#waiting.delete(waiting.id);
  }

  /** One timer for all. */
  #arm(deadline: number): void {
    if (deadline >= this.#fireAt) return;
    clearTimeout(this.#timer);
    this.#fireAt = deadline;
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, deadline - performance.now()));
    this.#timer.unref?.();
  }

  #expire(): void {
    this.#fireAt = Infinity;
    const now = performance.now();
    // They wait in the order of their deadlines.
    for (const waiting of this.#waiting.values()) {
      const { sequence, deadline } = waiting;
      if (sequence === undefined || deadline === undefined) continue;
      if (deadline > now) return this.#arm(deadline);
      this.fail(waiting, unknown(new Error('it has not come back from the log')));
    }
  }
}

function unknown(cause?: Error): IndeterminateError {
  return new IndeterminateError('the answer is not known', { cause });
}
