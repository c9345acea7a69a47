/**
 * The port to the one truth: an ordered log of opaque commands. It is dumb: it appends bytes, says their sequence, and lets
 * one follow. Conditions, idempotency and bounds are the replica's business, so no engine needs a feature for them.
 *
 * The port stands in core, where it is used; the logs that implement it import it (`logs → core`). Every implementation runs
 * the conformance suite in test/logs.
 */
import type { Epoch, Sequence } from '../model/position.ts';

export interface LogEntry {
  /** Dense: always the one before, plus 1. */
  readonly sequence: Sequence;
  /** The log's time in wall-clock ms; it may jump, also backwards. */
  readonly time: number;
  readonly data: Uint8Array;
}

/** A replica's state, exact at one sequence. */
export interface LogSnapshot {
  readonly sequence: Sequence;
  /** The id of the command at `sequence`: the snapshot is used only if the log's entry there agrees. */
  readonly commandId: string;
  /** The state, in pieces of any size. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface LogListener {
  /** Entries in order, dense from where the follower asked. Called synchronously; must not throw. */
  entries(batch: readonly LogEntry[]): void;
  /** What was followed is no more: another epoch, a sequence gone or rolled back. The follower opens the log anew. */
  broken(reason: string): void;
}

export type LogHealth = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface OrderedLog {
  /** `memory`, `file`, `nats`, `redis`: what `stream { engine }` says. */
  readonly engine: string;

  /**
   * How long an answer may take, in ms: what was appended, but hasn't come back to the follower by then, is answered as
   * indeterminate. Default 60,000.
   */
  readonly answerWithinMs?: number | undefined;

  /**
   * Whether an entry may come to followers before it is as durable as the engine promises: nobody is answered before `append`
   * resolves, then. Default false.
   */
  readonly showsEarly?: boolean | undefined;

  /**
   * Connects, founding the log if there is none, and says its epoch. Called again when a follower was told that the log is
   * broken, as often as it takes: it may be another one by then.
   */
  open(): Promise<Epoch>;

  /**
   * Resolves with the entry's sequence once it is as durable as the engine promises. A repeated `id` may be appended again: the
   * replica skips it. Rejects with `EngineUnavailableError` (nothing was written) or `IndeterminateError` (may have been).
   */
  append(data: Uint8Array, id: string): Promise<Sequence>;

  /**
   * Entries from `from` on, those that are there and then each new one, until the returned function is called. An engine
   * that loses its connection comes back by itself. `RangeError` when `from` has been trimmed or is more than one ahead.
   */
  follow(from: Sequence, follower: LogListener): Promise<() => void>;

  /** The newest sequence that the log holds now; 0 when it is empty. */
  last(): Promise<Sequence>;

  /** Undefined when it was trimmed or isn't there yet. */
  entryAt(sequence: Sequence): Promise<LogEntry | undefined>;

  /** Never replaces a newer one. */
  saveSnapshot(snapshot: LogSnapshot): Promise<void>;

  /** The last two, newest first. */
  loadSnapshots(): Promise<readonly LogSnapshot[]>;

  /** Lets entries below `sequence` go. */
  trim(sequence: Sequence): Promise<void>;

  health(): LogHealth;

  close(): Promise<void>;
}
