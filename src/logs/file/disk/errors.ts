/**
 * What goes wrong with the files:
 *
 * - `damaged`: what is there isn't what was written. The log isn't opened; a repair keeps what is before the damage.
 * - `in use`: another process has the directory.
 * - `full`: nothing was written, and what is there is sound. It may be tried again.
 * - `broken`: nothing was written that will ever show. The files can't be trusted any more: nothing further is written.
 * - `uncertain`: as `broken`, but what was being written may be there when the log is opened again.
 */
export type Trouble = 'damaged' | 'in use' | 'no directory' | 'full' | 'broken' | 'uncertain';

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

/** What can't be read is damaged, whatever SQLite says of it. */
export function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileLogError) throw error;
    throw new FileLogError('damaged', `${file} can't be read: ${textOf(error)}`, { cause: error });
  }
}

/** An error on its way to another thread, where its class would be lost. */
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
