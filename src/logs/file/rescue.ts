/**
 * What has become of the files of an open log is looked at once a second. When answered entries would be missing at the next start, the state
 * of the map is saved as a snapshot, from which the log goes on. Until that has succeeded the log takes nothing.
 */
import { errorFields, type Logger } from '../../core/model/logger.ts';
import type { LogSnapshot } from '../../core/replication/ordered-log.ts';
import { FileLogError, textOf } from './disk/errors.ts';
import type { StoreThread } from './thread.ts';

export interface RescueOptions {
  readonly directory: string;
  readonly thread: StoreThread;
  /** The state of a map that follows the log. Undefined when none does. */
  readonly state: () => Promise<LogSnapshot | undefined>;
  readonly save: (snapshot: LogSnapshot) => Promise<void>;
  /** The log begins at `sequence` now. */
  readonly restarted: (sequence: number) => void;
  /** No more is written until a restart. */
  readonly broken: (error: unknown) => void;
  readonly logger: Logger;
}

const LOOK_MS = 1000;

export class Rescue {
  readonly #options: RescueOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #reason: string | undefined;
  /** What was found first. */
  #found: string | undefined;
  /** Why the map couldn't be saved, as it was logged. */
  #failure: string | undefined;
  /** When the map may be saved again after a failure, by the monotonic clock: saving a big one takes long, and blocks others. */
  #notBefore = 0;

  constructor(options: RescueOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Why the log takes nothing now. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** A write has found that the files are not as they were left. */
  found(error: FileLogError): void {
    this.#reason ??= textOf(error);
    this.look();
  }

  look(): void {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { thread, broken } = this.#options;
    try {
      await thread.call('look');
      this.#mended();
    } catch (error) {
      const trouble = error instanceof FileLogError ? error.trouble : undefined;
      if (trouble === 'gone') await this.#rescue(error);
      else if (trouble === 'away') this.#reason = textOf(error);
      else if (trouble === 'broken' || trouble === 'uncertain') broken(error);
      // Any other error says nothing about the files: for example, no file descriptor may be free.
    }
  }

  async #rescue(cause: unknown): Promise<void> {
    const { directory, thread, state, save, restarted, logger } = this.#options;
    // What follows from the first finding is of no interest.
    const what = (this.#found ??= textOf(cause));
    this.#reason ??= what;
    const startedAt = performance.now();
    if (startedAt < this.#notBefore) return;
    try {
      for (const note of await thread.call('settle')) logger.warn({ directory }, note);
      const snapshot = await state();
      if (!snapshot) return;
      const { sequence } = snapshot;
      await save(snapshot);
      await thread.call('restart', sequence);
      restarted(sequence);
      this.#mended();
      logger.warn({ directory, sequence }, `saved the map again at sequence ${sequence}: ${what}`);
    } catch (error) {
      this.#notBefore = performance.now() + 9 * (performance.now() - startedAt);
      const failure = textOf(error);
      const isAway = error instanceof FileLogError && error.trouble === 'away';
      this.#reason = isAway ? failure : `${what}, and the map can't be saved again yet: ${failure}`;
      if (failure !== this.#failure)
        logger.warn({ directory, ...errorFields(error) }, `the map can't be saved again yet: ${failure}`);
      this.#failure = failure;
    }
  }

  #mended(): void {
    this.#reason = undefined;
    this.#found = undefined;
    this.#failure = undefined;
    this.#notBefore = 0;
  }
}
