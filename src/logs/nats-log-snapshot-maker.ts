/**
 * Sees to it that there is a new snapshot when much log lies behind the last one: has another process make it
 * (nats-log-snapshot-process.ts). Of all nodes whichever gets there first does so; a word to the others keeps them from
 * doing the same, and if it is lost there are two snapshots, which does no harm.
 */
import type { StreamState } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import { errorFields, type Logger, messageOf } from '../core/logger.ts';
import type { Epoch } from '../core/position.ts';
import type { Connection } from './nats-log-connection.ts';
import type { NatsLogOptions } from './nats-log-options.ts';
import type { SnapshotOrder } from './nats-log-snapshot-process.ts';
import type { SnapshotStore, StoredSnapshot } from './nats-log-snapshots.ts';
import { dueBytes, SnapshotChild } from './snapshot-child.ts';

export interface SnapshotMakerOptions {
  readonly connection: Connection;
  readonly stream: string;
  readonly options: NatsLogOptions;
  readonly openStore: () => Promise<SnapshotStore>;
  readonly logger: Logger;
}

/** So that not all nodes begin at once. */
const MOST_DELAY_MS = 2000;
/** How long another one is trusted to be at it, and how long after a failure it is tried again. */
const PATIENCE_MS = 60_000;

interface Word {
  readonly from: string;
  readonly isMade: boolean;
}

export class SnapshotMaker {
  readonly #options: SnapshotMakerOptions;
  readonly #subject: string;
  readonly #node = crypto.randomUUID();
  readonly #words: Subscription;
  readonly #child = new SnapshotChild('nats-log-snapshot-process');
  /** The newest snapshot that is known of. */
  #newest: StoredSnapshot | undefined;
  /** On the monotonic clock: not before. */
  #notBefore = 0;
  #delay: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: SnapshotMakerOptions) {
    this.#options = options;
    this.#subject = `${options.stream}.snapshots`;
    this.#words = options.connection.client.subscribe(this.#subject, {
      callback: (error, message) => {
        if (!error) this.#hear(message.string());
      },
    });
  }

  /** Called each second. */
  look(state: StreamState, epoch: Epoch): void {
    if (
      this.#isStopped ||
      this.#delay ||
      this.#running ||
      performance.now() < this.#notBefore ||
      !this.#isDue(state, epoch)
    )
      return;
    this.#delay = setTimeout(() => {
      this.#delay = undefined;
      if (performance.now() >= this.#notBefore) this.#running = this.#run(state, epoch);
    }, Math.random() * MOST_DELAY_MS);
  }

  /** One that is under way is given up: there will be another one. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#delay);
    this.#words.unsubscribe();
    this.#child.stop();
    await this.#running;
  }

  #isDue({ bytes, messages, last_seq: last }: StreamState, epoch: Epoch): boolean {
    const { sequence, bytes: size } = this.#newest?.epoch === epoch ? this.#newest : { sequence: 0, bytes: 0 };
    const behind = messages === 0 ? 0 : (bytes * (last - sequence)) / messages;
    return behind >= dueBytes(this.#options.options.snapshotBytes, size);
  }

  async #run(state: StreamState, epoch: Epoch): Promise<void> {
    const { stream, openStore, logger } = this.#options;
    const started = performance.now();
    try {
      const store = await openStore();
      [this.#newest] = await store.list(epoch);
      if (this.#isDue(state, epoch) && !this.#isStopped) {
        this.#say(false);
        const { logger: _, ...options } = this.#options.options;
        await this.#child.run([], JSON.stringify({ options, epoch } satisfies SnapshotOrder));
        [this.#newest] = await store.list(epoch);
        this.#say(true);
        const ms = Math.round(performance.now() - started);
        logger.info({ stream, sequence: this.#newest?.sequence, ms }, 'made a snapshot');
      }
    } catch (error) {
      this.#notBefore = performance.now() + PATIENCE_MS;
      if (!this.#isStopped) logger.warn({ stream, ...errorFields(error) }, `no snapshot was made: ${messageOf(error)}`);
    }
    this.#running = undefined;
  }

  #say(isMade: boolean): void {
    const { client } = this.#options.connection;
    if (!client.isClosed()) client.publish(this.#subject, JSON.stringify({ from: this.#node, isMade } satisfies Word));
  }

  #hear(text: string): void {
    try {
      const { from, isMade } = JSON.parse(text) as Word;
      // What was made is found when it is looked for.
      if (from !== this.#node) this.#notBefore = isMade ? 0 : performance.now() + PATIENCE_MS;
    } catch {
      // Somebody else's word.
    }
  }
}
