/**
 * What a remote log needs of an engine: opaque bytes go in, entries with dense sequences come out. Everything else is the
 * same for all engines and lives in this folder. A driver never retries, except what it appends.
 */
import type { LogEntry, LogSnapshot } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';

/** What the engine holds can't keep the guarantees: another attempt would find the same. */
export class UnfitLogError extends Error {
  override get name(): string {
    return 'UnfitLogError';
  }
}

/** The engine answers, and the log isn't there. It may come back, so requests are repeated. */
export class LogGoneError extends Error {}

/** The engine answers, and does not do what was asked: another connection would not help. */
export class EngineRefusalError extends Error {}

/** Repeats a request until it is answered, or until its time is over. */
export type Ask = <T>(request: () => Promise<T>) => Promise<T>;

export interface RemoteLogDriver {
  /** What `OrderedLog.engine` says: `nats`. */
  readonly engine: string;
  /** How messages name it: `NATS`. */
  readonly title: string;
  readonly showsEarly?: boolean;
  /** So many looks in a row may show less than listeners have already: a new leader may still be catching up. Default 0. */
  readonly staleLooks?: number;
  /** Rejects with `EngineUnavailableError`. `onUp` is called each time that a lost connection is back. */
  connect(onUp: () => void): Promise<RemoteLogSession>;
}

/** One connected client. It reconnects by itself; requests that are made meanwhile reject, or are answered late or never. */
export interface RemoteLogSession {
  /** `restart` replaces a connection on which nothing has been answered, if the client doesn't notice by itself. */
  readonly connection: {
    readonly isUp: boolean;
    readonly heard: number;
    readonly reason: string;
    restart?(): void;
  };
  readonly appender: RemoteAppender;
  readonly snapshots: SnapshotStorage;
  readonly claims: SnapshotClaims;
  /** Of the node that saves its own state (log-keeper.ts). */
  readonly rescues: SnapshotClaims;
  /** Finds the log, or creates it. From then on the session is about this log. Throws `UnfitLogError`. */
  ensure(isFirst: boolean): Promise<Epoch>;
  /** Throws `LogGoneError` if the engine waits for the operator to bring the log back. */
  look(): Promise<LogState>;
  entryAt(sequence: Sequence): Promise<LogEntry | undefined>;
  follow(receiver: EntryReceiver): EntrySource;
  /** Removes the entries before `sequence`, which is at most one past the last. */
  trim(sequence: Sequence): Promise<void>;
  close(): Promise<void>;
}

export interface RemoteAppender {
  /** As `OrderedLog.append`, within the engine's timeout. */
  append(data: Uint8Array, id: string): Promise<Sequence>;
  /** Settles all appends. None come after it. */
  stop(reason: string): Promise<void>;
}

export interface SnapshotClaims {
  /** Whether this node may build a snapshot. Other nodes may not for `forMs`, unless the claim is released. */
  claim(forMs: number): Promise<boolean>;
  release(): Promise<void>;
}

/** The log as the engine sees it at one moment. */
export interface LogState {
  /** Undefined when there is no log: whoever opens it next creates another one. */
  readonly epoch: Epoch | undefined;
  /** `last + 1` when the log holds no entry. */
  readonly first: Sequence;
  readonly last: Sequence;
  /** How many entries it holds: fewer than from `first` to `last` if somebody has removed some between them. */
  readonly count: number;
  /** Why the engine takes no appends. */
  readonly trouble: string | undefined;
  /** Why the engine would not keep what it takes. It may have been configured otherwise since the log was opened. */
  readonly unfit: string | undefined;
}

/** Delivers entries to a receiver, across everything that happens to the connection, until it is stopped. */
export interface EntrySource {
  /** Why no entries come now, if the source knows. */
  readonly trouble?: string | undefined;
  /** Resolves once entries will come. Called once. */
  start(): Promise<void>;
  /** There are entries that have not come: starts again after `receiver.previous`. */
  restart(): void;
  stop(): void;
}

/** What a source tells of the entries that it reads. */
export interface EntryReceiver {
  readonly epoch: Epoch;
  /** The sequence that is expected next. */
  readonly next: Sequence;
  /** The entry before `next`; undefined when it has been trimmed. */
  readonly previous: LogEntry | undefined;
  receive(entries: readonly LogEntry[]): void;
  /** Compares the entry at `previous.sequence`, read again, so that a log that lost its newest part is noticed. */
  verify(entry: LogEntry): boolean;
  /** The entry at `previous.sequence` isn't there any more, and the log is in this state. */
  missesPrevious(state: LogState): void;
  /** All entries up to `last` are missing, though the log has counted them. */
  lacks(last: Sequence): void;
  /** The engine refuses to hand out entries. */
  refused(reason: string): void;
  break(reason: string): void;
}

/** A snapshot in an engine's store. Drivers add what they need to find it. */
export interface StoredSnapshot {
  /** Starts with the sequence in 16 digits. */
  readonly id: string;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly commandId: string;
  readonly bytes: number;
  /** SHA-256 of the content, in hex. */
  readonly digest: string;
}

export type SnapshotHead = Pick<StoredSnapshot, 'id' | 'epoch' | 'sequence' | 'commandId'>;

export interface SnapshotStorage {
  /** Of all epochs, in any order. Leaves out what this version can't read. */
  list(): Promise<readonly StoredSnapshot[]>;
  /** Leaves nothing behind when it throws. */
  write(head: SnapshotHead, chunks: LogSnapshot['chunks']): Promise<StoredSnapshot>;
  /** Makes a snapshot that has been read back visible, if it isn't yet. */
  publish?(snapshot: StoredSnapshot): Promise<void>;
  /** The content in pieces, each requested with `ask`; it ends early where a piece is missing. */
  read(snapshot: StoredSnapshot, ask: Ask): AsyncIterable<Uint8Array>;
  /** Whether all pieces are there, by their number. */
  isWhole(snapshot: StoredSnapshot): Promise<boolean>;
  remove(snapshot: StoredSnapshot): Promise<void>;
  /** Removes what processes that were killed have left behind. */
  sweep?(known: readonly StoredSnapshot[]): Promise<void>;
}
