/**
 * Makes snapshots while the log is in use: seals the newest segment, lets a process build the snapshot
 * (build-snapshot-process.ts), and trims the log before the last two snapshots.
 */
import { errorFields, type Logger } from '../../core/model/logger.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { textOf } from './disk/errors.ts';
import { listSnapshots, segmentsAfterSnapshot, sizeOf } from './disk/names.ts';
import { programBeside } from '../process/programs.ts';
import { dueBytes, SnapshotChild } from '../process/snapshot-child.ts';

export interface SnapshotsOptions {
  readonly directory: string;
  readonly epoch: Epoch;
  /** Seals the newest segment. Resolves with its last sequence. */
  readonly rotate: () => Promise<Sequence>;
  readonly trim: (sequence: Sequence) => Promise<void>;
  /** The number of bytes that may be written between snapshots. */
  readonly bytes: number | undefined;
  readonly logger: Logger;
}

/**
 * After a failure. What it lacked, as room or a file descriptor, may be there again soon. An attempt waits several times as long as
 * the last one took, because building a large snapshot only to find a full disk costs much.
 */
const [LEAST_RETRY_MS, MOST_RETRY_MS] = [1000, 60_000];
const RETRY_FACTOR = 9;

export class Snapshots {
  readonly #options: SnapshotsOptions;
  /** Of the log since the newest snapshot. */
  #bytes: number;
  #dueBytes: number;
  readonly #child = new SnapshotChild(programBeside(import.meta.url, 'build-snapshot-process'));
  #running: Promise<void> | undefined;
  #isStopped = false;
  #retry: NodeJS.Timeout | undefined;
  /** The last failure, which is logged once. */
  #failure: string | undefined;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.#bytes = sizeOf(segmentsAfterSnapshot(options.directory));
    this.#dueBytes = this.#due();
  }

  appended(bytes: number): void {
    this.#bytes += bytes;
    this.makeIfDue();
  }

  makeIfDue(): void {
    if (this.#bytes >= this.#dueBytes && !this.#isStopped) this.#running ??= this.#run();
  }

  /** Kills the process if there is one. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    this.#child.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { directory, epoch, rotate, trim, logger } = this.#options;
    const started = performance.now();
    const bytes = this.#bytes;
    try {
      const sequence = await rotate();
      await this.#child.run([directory, epoch, String(sequence)]);
      const [older, newest] = listSnapshots(directory).slice(-2);
      if (newest && older) await trim(older.sequence as Sequence);
      this.#bytes -= bytes;
      this.#failure = undefined;
      this.#dueBytes = this.#due();
      const ms = Math.round(performance.now() - started);
      logger.info({ directory, sequence, ms }, 'made a snapshot');
    } catch (error) {
      // An attempt at each append would not help a full disk.
      this.#dueBytes = this.#bytes + dueBytes(this.#options.bytes);
      const failure = textOf(error);
      if (!this.#isStopped && failure !== this.#failure)
        logger.warn({ directory, ...errorFields(error) }, `no snapshot was made: ${failure}`);
      this.#failure = failure;
      this.#retryAfter(RETRY_FACTOR * (performance.now() - started));
    }
    this.#running = undefined;
    // Another one may be due already, and no append may come that would notice.
    this.makeIfDue();
  }

  #retryAfter(ms: number): void {
    clearTimeout(this.#retry);
    if (this.#isStopped) return;
    const retry = (): void => {
      this.#dueBytes = Math.min(this.#dueBytes, this.#bytes);
      this.makeIfDue();
    };
    this.#retry = setTimeout(retry, Math.min(MOST_RETRY_MS, Math.max(LEAST_RETRY_MS, ms))).unref();
  }

  #due(): number {
    const { directory, bytes } = this.#options;
    return dueBytes(bytes, sizeOf(listSnapshots(directory).slice(-1)));
  }
}
