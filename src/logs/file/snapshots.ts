/**
 * Makes snapshots while the log is served: seals what there is, has another process replay it on top of the snapshot before
 * (snapshot-process.ts), and lets go what is older than the last two. The loop only asks for it.
 */
import { statSync } from 'node:fs';
import { errorFields, type Logger } from '../../core/model/logger.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { textOf } from './disk/errors.ts';
import { listSegments, listSnapshots } from './disk/names.ts';
import { programBeside } from '../process/programs.ts';
import { dueBytes, SnapshotChild } from '../process/snapshot-child.ts';

export interface SnapshotsOptions {
  readonly directory: string;
  readonly epoch: Epoch;
  /** Seals the log, and says up to where. */
  readonly rotate: () => Promise<Sequence>;
  readonly trim: (sequence: Sequence) => Promise<void>;
  /** How much log may lie behind the newest one. */
  readonly bytes: number | undefined;
  readonly logger: Logger;
}

export class Snapshots {
  readonly #options: SnapshotsOptions;
  /** Of the log behind the newest snapshot. */
  #bytes: number;
  #dueBytes: number;
  readonly #child = new SnapshotChild(programBeside(import.meta.url, 'build-snapshot-process'));
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.#bytes = unsnapshotBytes(options.directory);
    this.#dueBytes = this.#due();
  }

  appended(bytes: number): void {
    this.#bytes += bytes;
    this.makeIfDue();
  }

  makeIfDue(): void {
    if (this.#bytes >= this.#dueBytes && !this.#isStopped) this.#running ??= this.#run();
  }

  /** One that is under way is given up: there will be another one. */
  async stop(): Promise<void> {
    this.#isStopped = true;
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
      this.#dueBytes = this.#due();
      const ms = Math.round(performance.now() - started);
      logger.info({ directory, sequence, ms }, 'made a snapshot');
    } catch (error) {
      // Tried again when as much again has come: a full disk isn't helped by an attempt at each append.
      this.#dueBytes = this.#bytes + dueBytes(this.#options.bytes);
      if (!this.#isStopped) logger.warn({ directory, ...errorFields(error) }, `no snapshot was made: ${textOf(error)}`);
    }
    this.#running = undefined;
    // What came meanwhile may be much, and nothing more may come.
    this.makeIfDue();
  }

  #due(): number {
    const newest = listSnapshots(this.#options.directory).at(-1);
    return dueBytes(this.#options.bytes, newest && statSync(newest.path).size);
  }
}

function unsnapshotBytes(directory: string): number {
  const covered = listSnapshots(directory).at(-1)?.sequence ?? 0;
  const behind = listSegments(directory).filter(({ sequence }) => sequence > covered);
  return behind.reduce((sum, { path }) => sum + statSync(path).size, 0);
}
