/**
 * Sees to it that there is a new snapshot when much log lies behind the last one: has another process make it
 * (redis-log-snapshot-process.ts). Of all nodes whichever takes the key first does so.
 */
import type { Redis } from 'ioredis';
import { errorFields, type Logger, messageOf } from '../core/logger.ts';
import type { Epoch } from '../core/position.ts';
import type { RedisLogOptions } from './redis-log-options.ts';
import type { Keys } from './redis-log-scripts.ts';
import type { SnapshotStore, StoredSnapshot } from './redis-log-snapshots.ts';
import { dueBytes, SnapshotChild } from './snapshot-child.ts';

export interface SnapshotMakerOptions {
  readonly client: Redis;
  readonly keys: Keys;
  readonly store: SnapshotStore;
  readonly options: RedisLogOptions;
  readonly logger: Logger;
}

/** What the process is told. */
export interface SnapshotOrder {
  readonly options: Omit<RedisLogOptions, 'logger'>;
  readonly epoch: Epoch;
}

/** How long another one is trusted to be at it, and how long after a failure it is tried again. */
const PATIENCE_MS = 60_000;

export class SnapshotMaker {
  readonly #options: SnapshotMakerOptions;
  readonly #node = crypto.randomUUID();
  readonly #child = new SnapshotChild('redis-log-snapshot-process');
  /** The newest snapshot that is known of. */
  #newest: StoredSnapshot | undefined;
  /** On the monotonic clock: not before. */
  #notBefore = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: SnapshotMakerOptions) {
    this.#options = options;
  }

  /** Called each second. `meanBytes`: of an entry. */
  look(epoch: Epoch, last: number, meanBytes: number): void {
    if (this.#isStopped || this.#running || performance.now() < this.#notBefore) return;
    const isDue = (): boolean => {
      const { sequence, bytes } = this.#newest?.epoch === epoch ? this.#newest : { sequence: 0, bytes: 0 };
      return (last - sequence) * meanBytes >= dueBytes(this.#options.options.snapshotBytes, bytes);
    };
    if (isDue()) this.#running = this.#run(epoch, isDue).finally(() => (this.#running = undefined));
  }

  /** One that is under way is given up: there will be another one. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.stop();
    await this.#running;
  }

  async #run(epoch: Epoch, isDue: () => boolean): Promise<void> {
    const { client, keys, store, logger } = this.#options;
    const started = performance.now();
    try {
      [this.#newest] = await store.list(epoch);
      if (!isDue() || (await client.set(keys.maker, this.#node, 'PX', PATIENCE_MS, 'NX')) === null) return;
      const { logger: _, ...options } = this.#options.options;
      await this.#child.run([], JSON.stringify({ options, epoch } satisfies SnapshotOrder));
      [this.#newest] = await store.list(epoch);
      if ((await client.get(keys.maker)) === this.#node) await client.del(keys.maker);
      const ms = Math.round(performance.now() - started);
      logger.info({ sequence: this.#newest?.sequence, ms }, 'made a snapshot');
    } catch (error) {
      this.#notBefore = performance.now() + PATIENCE_MS;
      if (!this.#isStopped) logger.warn(errorFields(error), `no snapshot was made: ${messageOf(error)}`);
    }
  }
}
