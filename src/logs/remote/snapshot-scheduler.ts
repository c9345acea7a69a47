/**
 * Starts a process that builds a snapshot (build-snapshot-process.ts) when enough has been appended since the last one, on
 * one of the nodes. Two at the same time do no harm.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorFields, type Logger, messageOf } from '../../core/model/logger.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { programBeside } from '../process/programs.ts';
import { dueBytes, SnapshotChild } from '../process/snapshot-child.ts';
import type { SnapshotClaims, StoredSnapshot } from './driver.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** How another process opens the same log: the module at `url` exports a function `name`, which takes `options`. */
export interface LogModule {
  readonly url: string;
  readonly name: string;
  /** Goes to the process as JSON. */
  readonly options: object;
}

export type SnapshotOrder = LogModule & { readonly epoch: Epoch };

export interface SnapshotSchedulerOptions {
  readonly claims: SnapshotClaims;
  readonly store: SnapshotStore;
  readonly module: LogModule;
  /** How much may be appended between snapshots, if the options say so. */
  readonly bytes: number | undefined;
  readonly logger: Logger;
}

/** So that not all nodes claim at once. */
const MAX_DELAY_MS = 1000;
/** How long a claim holds, and the pause after a failure. */
const CLAIM_MS = 60_000;

export class SnapshotScheduler {
  readonly #options: SnapshotSchedulerOptions;
  readonly #child = new SnapshotChild(programBeside(import.meta.url, 'build-snapshot-process'));
  /** As far as this node knows. */
  #newest: StoredSnapshot | undefined;
  /** On the monotonic clock. */
  #notBefore = 0;
  #running: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  constructor(options: SnapshotSchedulerOptions) {
    this.#options = options;
  }

  /** Called each second. `meanBytes`: the average size of an entry. */
  check(epoch: Epoch, last: Sequence, meanBytes: number): void {
    if (this.#stopped.signal.aborted || this.#running || performance.now() < this.#notBefore) return;
    const isDue = (): boolean => {
      const { sequence, bytes } = this.#newest?.epoch === epoch ? this.#newest : { sequence: 0, bytes: 0 };
      return (last - sequence) * meanBytes >= dueBytes(this.#options.bytes, bytes);
    };
    if (isDue()) this.#running = this.#run(epoch, isDue).finally(() => (this.#running = undefined));
  }

  /** Kills the process if there is one. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#child.stop();
    await this.#running;
  }

  async #run(epoch: Epoch, isDue: () => boolean): Promise<void> {
    const { claims, store, module, logger } = this.#options;
    const { signal } = this.#stopped;
    try {
      await sleep(Math.random() * MAX_DELAY_MS, undefined, { signal });
      if (!(await claims.claim(CLAIM_MS))) return;
      const started = performance.now();
      [this.#newest] = await store.list(epoch);
      if (isDue() && !signal.aborted) {
        await this.#child.run([], JSON.stringify({ ...module, epoch } satisfies SnapshotOrder));
        [this.#newest] = await store.list(epoch);
        const ms = Math.round(performance.now() - started);
        logger.info({ sequence: this.#newest?.sequence, ms }, 'made a snapshot');
      }
      await claims.release();
    } catch (error) {
      this.#notBefore = performance.now() + CLAIM_MS;
      if (!signal.aborted) logger.warn(errorFields(error), `no snapshot was made: ${messageOf(error)}`);
    }
  }
}
