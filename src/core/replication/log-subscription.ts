/**
 * One follow of the log into one replica. It is over when its owner ends it or the log breaks it: then nothing of what the log
 * still says is heard, so that no entry of it reaches another replica.
 */
import type { Waiting } from './pending-commands.ts';
import { decodeCommand } from '../model/command.ts';
import type { LogEntry, OrderedLog } from './ordered-log.ts';
import type { Sequence } from '../model/position.ts';
import type { Outcome } from '../replica/outcome.ts';
import type { Replica } from '../replica/replica.ts';

export interface FollowingOptions<Value> {
  /** Who waits for what becomes of a command. */
  readonly awaited: (id: string) => Waiting<Value> | undefined;
  /** Before each entry. */
  readonly onEntry: (following: Following<Value>, entry: LogEntry) => unknown;
  /** After each batch, in the same synchronous block. */
  readonly onApplied: (following: Following<Value>) => void;
  readonly onBroken: (following: Following<Value>, error: BrokenError) => void;
}

/** What was followed is no more: to be opened anew. */
export class BrokenError extends Error {}

export class Following<Value> {
  readonly replica: Replica<Value>;
  /** What became of the awaited commands, until somebody takes it. */
  outcomes: { readonly waiting: Waiting<Value>; readonly outcome: Outcome<Value> }[] = [];
  /** Why the replica can't go on. What it has stays right. */
  poison: Error | undefined;
  readonly #options: FollowingOptions<Value>;
  #over: Error | undefined;
  #unfollow: () => void = () => {};
  #wake: () => void = () => {};

  constructor(replica: Replica<Value>, options: FollowingOptions<Value>) {
    this.replica = replica;
    this.#options = options;
  }

  /** Throws why it is over. */
  assertGoesOn(): void {
    if (this.#over) throw this.#over;
  }

  async begin(log: OrderedLog): Promise<void> {
    const from = (this.replica.sequence + 1) as Sequence;
    try {
      const unfollow = await log.follow(from, {
        entries: (batch) => this.#apply(batch),
        broken: (reason) => this.#break(reason),
      });
      if (this.#over) unfollow();
      else this.#unfollow = unfollow;
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new Error(`the log lacks sequence ${from}, and no snapshot behind it can be read`, { cause });
    }
  }

  /** Resolves when the replica has applied a sequence, or can't. Rejects when this is over. For one at a time. */
  async reaches(sequence: Sequence): Promise<void> {
    while (!this.#over && !this.poison && this.replica.sequence < sequence)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    this.assertGoesOn();
  }

  end(reason: Error): void {
    if (this.#over) return;
    this.#over = reason;
    this.#unfollow();
    this.#wake();
  }

  #break(reason: string): void {
    if (this.#over || this.poison) return;
    const error = new BrokenError(`the log can't be followed: ${reason}`);
    this.end(error);
    this.#options.onBroken(this, error);
  }

  #apply(batch: readonly LogEntry[]): void {
    if (this.#over || this.poison) return;
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
        const waiting = this.#options.awaited(decoded.id);
        if (waiting) this.outcomes.push({ waiting, outcome });
      }
    } catch (cause) {
      // Skipping it would make this node differ from the others: reads go on, but nothing new comes in.
      this.poison = new Error(`command ${at} can't be applied`, { cause });
    }
    this.#options.onApplied(this);
    this.#wake();
  }
}
