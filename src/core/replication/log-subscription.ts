/**
 * One subscription of one replica to the log. It ends when its owner ends it or the log breaks it. After that it ignores the log, so no
 * entry of it reaches another replica.
 */
import type { PendingCommand } from './pending-commands.ts';
import { decodeCommand, type Outcome } from '../model/command.ts';
import type { LogEntry, LogSnapshot, OrderedLog } from './ordered-log.ts';
import type { Sequence } from '../model/position.ts';
import type { Replica } from '../replica/replica.ts';
import { exportChunks } from '../replica/snapshot.ts';

export interface LogSubscriptionOptions<Value> {
  /** The pending command with an id, if this node awaits one. */
  readonly awaited: (id: string) => PendingCommand<Value> | undefined;
  /** Called before each entry is applied. */
  readonly onEntry: (subscription: LogSubscription<Value>, entry: LogEntry) => unknown;
  /** Called after each batch, in the same synchronous block. */
  readonly onApplied: (subscription: LogSubscription<Value>) => void;
  readonly onBroken: (subscription: LogSubscription<Value>, error: LogBrokenError) => void;
}

/** The log is another one now, or has lost entries: it must be opened again. */
export class LogBrokenError extends Error {}

export class LogSubscription<Value> {
  readonly replica: Replica<Value>;
  /** The outcomes of pending commands, until the owner takes them. */
  outcomes: { readonly pending: PendingCommand<Value>; readonly outcome: Outcome<Value> }[] = [];
  /** Why the replica can't go on. Its state stays correct. */
  poison: Error | undefined;
  readonly #options: LogSubscriptionOptions<Value>;
  #ended: Error | undefined;
  #unfollow: () => void = () => {};
  #wake: () => void = () => {};

  constructor(replica: Replica<Value>, options: LogSubscriptionOptions<Value>) {
    this.replica = replica;
    this.#options = options;
  }

  /** Throws the reason when the subscription has ended. */
  assertOpen(): void {
    if (this.#ended) throw this.#ended;
  }

  async begin(log: OrderedLog): Promise<void> {
    const from = (this.replica.sequence + 1) as Sequence;
    try {
      const unfollow = await log.follow(from, {
        entries: (batch) => this.#apply(batch),
        broken: (reason) => this.#break(reason),
        state: () => this.#state(),
      });
      if (this.#ended) unfollow();
      else this.#unfollow = unfollow;
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new Error(`the log lacks sequence ${from}, and has no readable snapshot at or after it`, { cause });
    }
  }

  /** Resolves when the replica has applied the sequence, or is poisoned. Rejects when the subscription ends. One call at a time. */
  async reaches(sequence: Sequence): Promise<void> {
    while (!this.#ended && !this.poison && this.replica.sequence < sequence)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    this.assertOpen();
  }

  end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#unfollow();
    this.#wake();
  }

  #state(): LogSnapshot | undefined {
    if (this.#ended || this.poison) return undefined;
    const { sequence, commandId } = this.replica;
    return { sequence, commandId, chunks: [...exportChunks(this.replica)] };
  }

  #break(reason: string): void {
    if (this.#ended || this.poison) return;
    const error = new LogBrokenError(`the log can't be followed: ${reason}`);
    this.end(error);
    this.#options.onBroken(this, error);
  }

  #apply(batch: readonly LogEntry[]): void {
    if (this.#ended || this.poison) return;
    const { replica } = this;
    let at = replica.sequence;
    try {
      for (const entry of batch) {
        at = entry.sequence;
        this.#options.onEntry(this, entry);
        const decoded = decodeCommand<Value>(entry.data);
        if (!decoded) {
          replica.skip(entry.sequence);
          continue;
        }
        const outcome = replica.apply(entry.sequence, entry.time, decoded);
        const pending = this.#options.awaited(decoded.id);
        if (pending) this.outcomes.push({ pending, outcome });
      }
    } catch (cause) {
      // A node that skipped the command would differ from the others: it serves reads, but applies nothing more.
      this.poison = new Error(`command ${at} can't be applied`, { cause });
    }
    this.#options.onApplied(this);
    this.#wake();
  }
}
