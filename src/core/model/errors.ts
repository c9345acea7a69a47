/** The errors of the library, one class per cause. Clients see `code` as `extensions.code`, and `extensions` next to it. */
import type { Cursor } from './position.ts';

/** One problem of an input. */
export interface Issue {
  /** From the arguments down: `['inputs', 0, 'key']`. Empty: the input as a whole. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** One segment of an issue's path. Standard Schema writes segments plain or as `{ key }`. */
export function plainKey(segment: unknown): string | number {
  const key = typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment;
  return typeof key === 'number' ? key : String(key);
}

/** Marks the errors of every copy of this module: a process may load the package twice, in one version or in two. */
const BRAND = Symbol.for('seamline.error');

/**
 * The base class of the library's errors. `instanceof` also holds for errors of another copy of the package.
 *
 * @example
 * if (error instanceof SeamlineError && error.code === 'CONFLICT') await retry();
 */
export abstract class SeamlineError extends Error {
  /** The `code` of the errors of this class. */
  static readonly code: string | undefined = undefined;
  static {
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    if (typeof value !== 'object' || value === null || !(BRAND in value) || !('code' in value)) return false;
    // A class derived outside the library has no code of its own: only its own instances belong to it.
    return this === SeamlineError || (Object.hasOwn(this, 'code') && this.code === value.code);
  }
  /** Written out in each class, because a bundler may rename classes. */
  abstract override get name(): string;
  abstract readonly code: string;
  /** The data that a caller needs to react, as sent to clients. */
  get extensions(): Record<string, unknown> {
    return {};
  }
}

/** The input is not valid. Nothing was written. Fix the input: a retry fails again. */
export class BadInputError extends SeamlineError {
  static override readonly code = 'BAD_USER_INPUT';
  readonly code = BadInputError.code;
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; '));
    this.issues = issues;
  }
  override get extensions(): Record<string, unknown> {
    return { issues: this.issues };
  }
  override get name(): string {
    return 'BadInputError';
  }
}

/** A value, a batch or a message exceeds its limit in bytes. Nothing was written. */
export class PayloadTooLargeError extends SeamlineError {
  static override readonly code = 'PAYLOAD_TOO_LARGE';
  readonly code = PayloadTooLargeError.code;
  override get name(): string {
    return 'PayloadTooLargeError';
  }
}

/** The cursor can't be continued: it has another epoch or history, or its position is ahead of the log. Start again without `after`. */
export class CursorExpiredError extends SeamlineError {
  static override readonly code = 'CURSOR_EXPIRED';
  readonly code = CursorExpiredError.code;
  override get name(): string {
    return 'CursorExpiredError';
  }
}

/** A subscriber with `onLag: FAIL` lags: changes that it needs have left the window. Resuming from `cursor` with `CONFLATE` loses no key. */
export class LaggedError extends SeamlineError {
  static override readonly code = 'LAGGED';
  readonly code = LaggedError.code;
  /** How many positions have left the window. */
  readonly missed: number;
  /** The cursor of the last item that was delivered. */
  readonly cursor: Cursor;
  constructor(missed: number, cursor: Cursor) {
    super(`the subscription lags: ${missed} positions have left the window`);
    this.missed = missed;
    this.cursor = cursor;
  }
  override get extensions(): Record<string, unknown> {
    return { missed: this.missed, cursor: this.cursor };
  }
  override get name(): string {
    return 'LaggedError';
  }
}

/** A condition does not hold, or an idempotency key was used with another payload. Nothing was written. */
export class ConflictError extends SeamlineError {
  static override readonly code = 'CONFLICT';
  readonly code = ConflictError.code;
  /** The index of the input in its batch; 0 for a single input. */
  readonly index: number;
  /** The cursor of the key's current item; null when there is none. */
  readonly cursor: Cursor | null;
  constructor(message: string, index: number, cursor: Cursor | null) {
    super(message);
    this.index = index;
    this.cursor = cursor;
  }
  override get extensions(): Record<string, unknown> {
    return { index: this.index, cursor: this.cursor };
  }
  override get name(): string {
    return 'ConflictError';
  }
}

/** The log takes no writes now. Nothing was written: a retry is safe. */
export class EngineUnavailableError extends SeamlineError {
  static override readonly code = 'ENGINE_UNAVAILABLE';
  readonly code = EngineUnavailableError.code;
  override get name(): string {
    return 'EngineUnavailableError';
  }
}

/** The write may have happened. Retry with the same idempotency key. */
export class IndeterminateError extends SeamlineError {
  static override readonly code = 'INDETERMINATE';
  readonly code = IndeterminateError.code;
  override get name(): string {
    return 'IndeterminateError';
  }
}
