/**
 * Sees to it that there is a new snapshot when much log lies behind the last one: has another process make it (snapshot-process.ts), of all
 * nodes whichever gets to it first. Two at a time do no harm.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorFields, type Logger, messageOf } from '../../core/model/logger.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import type { NatsLogOptions } from '../nats/options.ts';
import type { RedisLogOptions } from '../redis/options.ts';
import { programBeside } from '../process/programs.ts';
import { dueBytes, SnapshotChild } from '../process/snapshot-child.ts';

/** What the process is told. */
export type SnapshotOrder = { readonly epoch: Epoch } & (
  | { readonly engine: 'nats'; readonly options: Omit<NatsLogOptions, 'logger'> }
  | { readonly engine: 'redis'; readonly options: Omit<RedisLogOptions, 'logger'> }
);

export interface SnapshotMakerOptions {
  /** `bytes`: how much may lie behind a snapshot, if the options say so. */
  readonly bytes: number | undefined;
  readonly orderOf: (epoch: Epoch) => SnapshotOrder;
  /** Newest first. */
  readonly list: (epoch: Epoch) => Promise<readonly { readonly sequence: Sequence; readonly bytes: number }[]>;
  /** Whether no other node is at it. For so long the others take this one to be. */
  readonly claim: (forMs: number) => Promise<boolean>;
  readonly release: () => Promise<void>;
  readonly logger: Logger;
}

/** So that not all nodes ask at once. */
const MOST_DELAY_MS = 1000;
/** How long another one is trusted to be at it, and how long after a failure it is tried again. */
const PATIENCE_MS = 60_000;

export class SnapshotMaker {
  readonly #options: SnapshotMakerOptions;
  readonly #child = new SnapshotChild(programBeside(import.meta.url, 'snapshot-process'));
  /** The newest one that is known of, and of which log. */
  #newest: { readonly epoch: Epoch; readonly sequence: number; readonly bytes: number } | undefined;
  /** On the monotonic clock: not before. */
  #notBefore = 0;
  #running: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  constructor(options: SnapshotMakerOptions) {
    this.#options = options;
  }

  /** Called each second. `meanBytes`: of an entry. */
  look(epoch: Epoch, last: Sequence, meanBytes: number): void {
    if (this.#stopped.signal.aborted || this.#running || performance.now() < this.#notBefore) return;
    const isDue = (): boolean => {
      const { sequence, bytes } = this.#newest?.epoch === epoch ? this.#newest : { sequence: 0, bytes: 0 };
      return (last - sequence) * meanBytes >= dueBytes(this.#options.bytes, bytes);
    };
    if (isDue()) this.#running = this.#run(epoch, isDue).finally(() => (this.#running = undefined));
  }

  /** One that is under way is given up: there will be another one. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#child.stop();
    await this.#running;
  }

  async #run(epoch: Epoch, isDue: () => boolean): Promise<void> {
    const { orderOf, claim, release, logger } = this.#options;
    const { signal } = this.#stopped;
    try {
      await sleep(Math.random() * MOST_DELAY_MS, undefined, { signal });
      if (!(await claim(PATIENCE_MS))) return;
      const started = performance.now();
      await this.#find(epoch);
      if (isDue() && !signal.aborted) {
        await this.#child.run([], JSON.stringify(orderOf(epoch)));
        await this.#find(epoch);
        const ms = Math.round(performance.now() - started);
        logger.info({ sequence: this.#newest?.sequence, ms }, 'made a snapshot');
      }
      await release();
    } catch (error) {
      this.#notBefore = performance.now() + PATIENCE_MS;
      if (!signal.aborted) logger.warn(errorFields(error), `no snapshot was made: ${messageOf(error)}`);
    }
  }

  async #find(epoch: Epoch): Promise<void> {
    const [newest] = await this.#options.list(epoch);
    this.#newest = newest && { ...newest, epoch };
  }
}
