/**
 * The port to the single source of truth: an ordered log of opaque commands. A log appends bytes, assigns sequences and delivers entries.
 * Replicas implement conditions, idempotency and bounds, so an engine needs no feature for them.
 *
 * Core uses the port, and `src/logs` implements it (`logs → core`). Every implementation passes the conformance suite in test/logs.
 */
import type { Epoch, Sequence } from '../model/position.ts';

/** One entry of the log. */
export interface LogEntry {
  /** 1, 2, 3 … without a gap. */
  readonly sequence: Sequence;
  /** The log's wall-clock time in ms, by one clock for all nodes. It may jump, also backwards: a replica's own clock never falls. */
  readonly time: number;
  readonly data: Uint8Array;
}

/** A replica's state at one sequence. */
export interface LogSnapshot {
  readonly sequence: Sequence;
  /** The id of the command at `sequence`. The snapshot is used only when the log's entry there has the same id. */
  readonly commandId: string;
  /** The state, in pieces of any size. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Entries are missing whose effects no readable snapshot holds. A node that has applied them may still save its state. */
export class MissingEntriesError extends RangeError {}

/** Receives a log's entries. */
export interface LogListener {
  /** Entries in order and without a gap, from the requested sequence on. Called synchronously; must not throw. */
  entries(batch: readonly LogEntry[]): void;
  /** The log has another epoch, or has lost or rolled back entries. The listener gets no more calls, and opens the log again. */
  broken(reason: string): void;
  /**
   * The listener's state after the last entry that it has received. A log asks for it when somebody has removed entries that no snapshot
   * holds. Entries that are delivered meanwhile wait.
   */
  snapshot?(): Promise<LogSnapshot>;
}

/** Whether the log takes appends now. */
export type LogHealth = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** An ordered log. One map owns it, and closes it. */
export interface OrderedLog {
  /** The name that `stream { engine }` returns: `memory`, `file`, `nats`, `redis` or your own. */
  readonly engine: string;

  /**
   * In ms. A command that was appended, but has not been delivered back by then, fails with `IndeterminateError`.
   * @default 60,000
   */
  readonly answerWithinMs?: number | undefined;

  /**
   * Whether listeners may get an entry before it is as durable as the engine promises. Callers are then answered only after `append`
   * has resolved.
   * @default false
   */
  readonly showsEarly?: boolean | undefined;

  /**
   * The time that an entry would get now, in ms, if the log has a clock that this machine's clocks know nothing of, as in a test. Items
   * then expire by it alone.
   * @default the time of the newest entry, and what has passed since by this machine's clocks
   */
  readonly now?: (() => number) | undefined;

  /**
   * Connects, creates the log if it does not exist, and resolves with its epoch. Called again after a listener was told `broken`, until
   * it succeeds: it may be another log by then.
   */
  open(): Promise<Epoch>;

  /**
   * Resolves with the entry's sequence when the entry is as durable as the engine promises. A repeated `id` may be appended twice,
   * because replicas skip the second one.
   * @throws {EngineUnavailableError} nothing was written.
   * @throws {IndeterminateError} the entry may have been written.
   */
  append(data: Uint8Array, id: string): Promise<Sequence>;

  /**
   * Delivers the existing entries from `from` on, and then each new one, until the returned function is called. An engine that loses
   * its connection reconnects.
   * @throws {RangeError} `from` has been trimmed (also `MissingEntriesError`), or is more than one ahead of the last entry.
   */
  follow(from: Sequence, listener: LogListener): Promise<() => void>;

  /** The newest sequence that the log holds now, 0 when it is empty. */
  last(): Promise<Sequence>;

  /** Undefined when the entry was trimmed or does not exist yet. */
  entryAt(sequence: Sequence): Promise<LogEntry | undefined>;

  /** Keeps the snapshot, unless there is a newer one. */
  saveSnapshot(snapshot: LogSnapshot): Promise<void>;

  /** The last two, newest first. */
  loadSnapshots(): Promise<readonly LogSnapshot[]>;

  /** Allows the log to delete the entries before `sequence`. */
  trim(sequence: Sequence): Promise<void>;

  health(): LogHealth;

  close(): Promise<void>;
}
