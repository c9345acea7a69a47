/**
 * What can go wrong with the files:
 *
 * - `damaged`: they don't hold what was written. The log isn't opened; a repair keeps the entries before the damage.
 * - `in use`: another process uses the directory.
 * - `no directory`: the path is not a directory, none can be created there, or nothing can be written to it.
 * - `gone`: nothing was written, because somebody has deleted or changed files that hold what was answered.
 * - `away`: nothing was written, because the directory can't be reached now. The write may be repeated.
 * - `full`: nothing was written, and the files are sound. The write may be repeated.
 * - `broken`: nothing was written that will ever be visible. The files can't be trusted any more: no more is written.
 * - `uncertain`: as `broken`, but the entries of the last write may be there when the log is opened again.
 */
export type Trouble = 'damaged' | 'in use' | 'no directory' | 'gone' | 'away' | 'full' | 'broken' | 'uncertain';

export class FileLogError extends Error {
  readonly trouble: Trouble;
  constructor(trouble: Trouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
  override get name(): string {
    return 'FileLogError';
  }
}

export function damaged(file: string, what: string, cause?: unknown): FileLogError {
  return new FileLogError('damaged', `${file} is damaged: ${what}`, { cause });
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Any error of a read means that the file is damaged. */
export function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileLogError) throw error;
    throw new FileLogError('damaged', `${file} can't be read: ${textOf(error)}`, { cause: error });
  }
}

/** An error on its way to another thread, which would lose its class. */
export interface SentError {
  readonly trouble: Trouble | undefined;
  readonly text: string;
}

export function toSend(error: unknown): SentError {
  return { trouble: error instanceof FileLogError ? error.trouble : undefined, text: textOf(error) };
}

export function received({ trouble, text }: SentError): Error {
  return trouble ? new FileLogError(trouble, text) : new Error(text);
}
