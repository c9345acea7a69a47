import type { Logger } from '../../core/model/logger.ts';

export interface FileLogOptions {
  /** Created if it is missing. One process may use it at a time. */
  readonly directory: string;
  /** The clock of the entries, in ms. @default Date.now */
  readonly clock?: (() => number) | undefined;
  /**
   * Whether to cut off damaged entries and all after them, instead of refusing to open. What is cut off is moved aside, to files
   * that end in `.damaged`.
   * @default false
   */
  readonly repair?: boolean | undefined;
  /**
   * The number of bytes that may be written before the next snapshot is made.
   * @default 16 MiB, or a sixteenth of the last snapshot if that is more
   */
  readonly snapshotBytes?: number | undefined;
  /** Called while the log is loaded, with the share that is done: from 0 to 1. */
  readonly onLoading?: ((share: number) => void) | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
}
