/**
 * Those who wait for what became of a command here. Each is answered once: with the outcome when the replica that is shown has
 * applied the command, or with why that can't be told.
 */
import type { Command } from './command.ts';
import { IndeterminateError } from './errors.ts';
import type { Sequence } from './position.ts';
import type { Outcome, Replica } from './replica.ts';

interface Waiting<Value> {
  readonly command: Command<Value>;
  /** `performance.now()` by then. */
  readonly deadline: number;
  /** Once the log has it. */
  sequence: Sequence | undefined;
  resolve(outcome: Outcome<Value>): void;
  reject(error: Error): void;
}

/** What was appended comes back, or never: in ms. */
const WITHIN_MS = 60_000;

/** Of a log that broke: no replica is behind it. */
const BEFORE = 0 as Sequence;

const NOBODY: Waiting<never> = {
  command: { kind: 'tick' },
  deadline: Infinity,
  sequence: undefined,
  resolve: () => {},
  reject: () => {},
};

export class Answers<Value> {
  /** By command id, oldest first. Two that nobody waits for: each time that a map gets empty V8 makes its table anew, which is dear. */
  readonly #waiting = new Map<string, Waiting<Value>>([
    ['a', NOBODY],
    ['b', NOBODY],
  ]);
  readonly #withinMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fireAt = Infinity;

  /** `withinMs`: how long what the log has acknowledged may remain unanswered. */
  constructor(withinMs = WITHIN_MS) {
    this.#withinMs = withinMs;
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Rejects with `IndeterminateError`, or as `fail` is told. */
  wait(id: string, command: Command<Value>): Promise<Outcome<Value>> {
    const deadline = performance.now() + this.#withinMs;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { command, deadline, sequence: undefined, resolve, reject });
    });
  }

  /** The log has the command. `shown`: the replica that is shown, unless it is about to be replaced. */
  acknowledge(id: string, sequence: Sequence, shown: Replica<Value> | undefined): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    waiting.sequence = sequence;
    if (shown) this.#settle(id, waiting, shown);
    this.#arm(waiting.deadline);
  }

  fail(id: string, error: Error): void {
    this.#take(id)?.reject(error);
  }

  /** To be called once the replica that applied the command is shown. */
  tell(id: string, outcome: Outcome<Value>, shown: Replica<Value>): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    // A repetition of what the replica had from a snapshot.
    if (outcome.kind === 'nothing') this.#settle(id, { ...waiting, sequence: shown.sequence }, shown);
    else this.#take(id)?.resolve(outcome);
  }

  /** What has been acknowledged is in the log when that is opened again, or lost, whatever its sequence is then. */
  broken(): void {
    for (const waiting of this.#waiting.values()) if (waiting.sequence !== undefined) waiting.sequence = BEFORE;
  }

  /** Another replica is shown, which may have commands that nobody here saw it apply. */
  tellAll(shown: Replica<Value>): void {
    for (const [id, waiting] of this.#waiting) this.#settle(id, waiting, shown);
  }

  failAll(cause: Error): void {
    clearTimeout(this.#timer);
    for (const id of this.#waiting.keys()) this.fail(id, unknown(cause));
  }

  /** What is known of a command that isn't ahead of the replica. */
  #settle(id: string, { command, sequence = Infinity as Sequence }: Waiting<Value>, shown: Replica<Value>): void {
    const isKnown = shown.commandIds.has(id);
    if (!isKnown && sequence > shown.sequence) return;
    const outcome = isKnown ? shown.recall(command) : undefined;
    if (outcome) this.#take(id)?.resolve(outcome);
    else this.fail(id, unknown(isKnown ? undefined : new Error('the log has lost it')));
  }

  #take(id: string): Waiting<Value> | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === NOBODY) return undefined;
    this.#waiting.delete(id);
    return waiting;
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
    for (const [id, { deadline, sequence }] of this.#waiting) {
      if (sequence === undefined) continue;
      if (deadline > now) return this.#arm(deadline);
      this.fail(id, unknown(new Error('it has not come back from the log')));
    }
  }
}

function unknown(cause: Error | undefined): IndeterminateError {
  return new IndeterminateError('the answer is not known', { cause });
}
