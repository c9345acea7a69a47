/**
 * The commands of this node whose outcome a caller awaits. Each is settled once: with its outcome when the replica that is shown has
 * applied it, or with the reason why its outcome can't be known.
 */
import { type Command, NOTHING, type Outcome } from '../model/command.ts';
import { IndeterminateError } from '../model/errors.ts';
import type { OrderedLog } from './ordered-log.ts';
import type { Sequence } from '../model/position.ts';
import type { Replica } from '../replica/replica.ts';

export interface PendingCommand<Value> {
  readonly id: string;
  readonly command: Command;
  /** As it was sent to the log. */
  readonly frame: Uint8Array;
  /** A `performance.now()`. An acknowledged command that isn't applied by then is indeterminate. */
  deadline: number | undefined;
  /** Undefined until the log has acknowledged the command. */
  sequence: Sequence | undefined;
  /** Of a command that was applied before its acknowledgement, when the caller must wait for both. */
  outcome: Outcome<Value> | undefined;
  isSettled: boolean;
  resolve(outcome: Outcome<Value>): void;
  reject(error: Error): void;
}

/** The default of `answerWithinMs`. It starts with the acknowledgement. */
const WITHIN_MS = 60_000;

/** Stands for the sequence of a command that a broken log had acknowledged: every replica is past it. */
const BEFORE_ALL = 0 as Sequence;

export class PendingCommands<Value> {
  /** The oldest one, while no other was added before it. A map that becomes empty and is filled again makes a table each time. */
  #first: PendingCommand<Value> | undefined;
  /** The others by command id, oldest first. */
  readonly #others = new Map<string, PendingCommand<Value>>();
  readonly #withinMs: number | undefined;
  readonly #showsEarly: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fireAt = Infinity;

  constructor({ answerWithinMs, showsEarly = false }: Pick<OrderedLog, 'answerWithinMs' | 'showsEarly'>) {
    this.#withinMs = answerWithinMs;
    this.#showsEarly = showsEarly;
  }

  add({
    id,
    command,
    frame,
    resolve,
    reject,
  }: Pick<PendingCommand<Value>, 'id' | 'command' | 'frame' | 'resolve' | 'reject'>): PendingCommand<Value> {
    const deadline = this.#withinMs === undefined ? undefined : performance.now() + this.#withinMs;
    const pending = {
      id,
      command,
      frame,
      deadline,
      sequence: undefined,
      outcome: undefined,
      isSettled: false,
      resolve,
      reject,
    };
    if (!this.#first && this.#others.size === 0) this.#first = pending;
    else this.#others.set(id, pending);
    return pending;
  }

  get(id: string): PendingCommand<Value> | undefined {
    return this.#first?.id === id ? this.#first : this.#others.get(id);
  }

  /** The log holds the command. `shown`: the replica that is shown, unless it is about to be replaced. */
  acknowledge(pending: PendingCommand<Value>, sequence: Sequence, shown: Replica<Value> | undefined): void {
    if (pending.isSettled) return;
    pending.sequence = sequence;
    const { outcome } = pending;
    if (outcome && this.#remove(pending)) return pending.resolve(outcome);
    if (shown) this.#settleIfKnown(pending, shown);
    if (!pending.isSettled) this.#arm((pending.deadline ??= performance.now() + WITHIN_MS));
  }

  fail(pending: PendingCommand<Value>, error: Error): void {
    if (this.#remove(pending)) pending.reject(error);
  }

  /** The replica that is shown has applied the command. */
  settle(pending: PendingCommand<Value>, outcome: Outcome<Value>, shown: Replica<Value>): void {
    // The outcome of a repeated command is `nothing`: its first outcome may be known, even from a snapshot.
    const known = outcome.kind === 'nothing' ? shown.recall(pending.command) : outcome;
    if (!known) this.fail(pending, indeterminate());
    else if (this.#showsEarly && pending.sequence === undefined) pending.outcome = known;
    else if (this.#remove(pending)) pending.resolve(known);
  }

  /** Sequences of the broken log mean nothing in the log that is opened next: it holds an acknowledged command, or has lost it. */
  logBroke(): void {
    for (const pending of this.#all()) {
      if (pending.sequence !== undefined) pending.sequence = BEFORE_ALL;
      pending.outcome = undefined;
    }
  }

  /** Another replica is shown. It may have applied pending commands while it was built. */
  replicaShown(shown: Replica<Value>): void {
    for (const pending of this.#all()) this.#settleIfKnown(pending, shown);
  }

  failAll(cause: Error): void {
    clearTimeout(this.#timer);
    for (const pending of this.#all()) this.fail(pending, indeterminate(cause));
  }

  /** Oldest first, which is the order of the deadlines. Those that are settled meanwhile are left out. */
  *#all(): Generator<PendingCommand<Value>> {
    if (this.#first) yield this.#first;
    yield* this.#others.values();
  }

  #settleIfKnown(pending: PendingCommand<Value>, shown: Replica<Value>): void {
    if (shown.commandIds.has(pending.id)) this.settle(pending, NOTHING, shown);
    else if ((pending.sequence ?? Infinity) <= shown.sequence)
      this.fail(pending, indeterminate(new Error('the log has lost the command')));
  }

  #remove(pending: PendingCommand<Value>): boolean {
    if (pending.isSettled) return false;
    pending.isSettled = true;
    if (this.#first === pending) this.#first = undefined;
    else this.#others.delete(pending.id);
    return true;
  }

  /** One timer for all commands. */
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
    for (const pending of this.#all()) {
      const { sequence, deadline } = pending;
      if (sequence === undefined || deadline === undefined) continue;
      if (deadline > now) return this.#arm(deadline);
      this.fail(pending, indeterminate(new Error('the command has not come back from the log in time')));
    }
  }
}

function indeterminate(cause?: Error): IndeterminateError {
  return new IndeterminateError('the outcome is not known: retry with the same idempotency key', { cause });
}
