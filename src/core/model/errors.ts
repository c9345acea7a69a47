/** What can go wrong, a class per cause. `code` is what clients see in `extensions.code`; `extensions` is the rest. */
import type { Cursor } from './position.ts';

export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A path's segment as an issue has it. Standard Schema has segments both plain and as `{ key }`. */
export function plainKey(segment: unknown): string | number {
  const key = typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment;
  return typeof key === 'number' ? key : String(key);
}

/** On the errors of all copies of this module: a process may have loaded the package twice, in one version or in two. */
const BRAND = Symbol.for('seamline.error');

/** `instanceof` holds for the errors of another copy of the package, too. */
export abstract class SeamlineError extends Error {
  /** The `code` of a class's errors. */
  static readonly code: string | undefined = undefined;
  static {
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    if (typeof value !== 'object' || value === null || !(BRAND in value) || !('code' in value)) return false;
    // A class that somebody derives from one of these has no code of its own, and stays theirs.
    return this === SeamlineError || (Object.hasOwn(this, 'code') && this.code === value.code);
  }
  /** Written out, for whoever bundles this may give classes other names. */
  abstract override get name(): string;
  abstract readonly code: string;
  /** The data a caller needs to act, as it goes on the wire. */
  get extensions(): Record<string, unknown> {
    return {};
  }
}

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

export class PayloadTooLargeError extends SeamlineError {
  static override readonly code = 'PAYLOAD_TOO_LARGE';
  readonly code = PayloadTooLargeError.code;
  override get name(): string {
    return 'PayloadTooLargeError';
  }
}

/** `after` can't be continued: another epoch, another history, or a position that this log hasn't reached. */
export class CursorExpiredError extends SeamlineError {
  static override readonly code = 'CURSOR_EXPIRED';
  readonly code = CursorExpiredError.code;
  override get name(): string {
    return 'CursorExpiredError';
  }
}

/** A subscriber with `onLag: FAIL` was slower than the window. Resuming from `cursor` with `CONFLATE` loses no key. */
export class LaggedError extends SeamlineError {
  static override readonly code = 'LAGGED';
  readonly code = LaggedError.code;
  readonly missed: number;
  readonly cursor: Cursor;
  constructor(missed: number, cursor: Cursor) {
    super(`lagged: ${missed} positions have left the window`);
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

/** A condition didn't hold, or an idempotency key came with another payload. Nothing was written. */
export class ConflictError extends SeamlineError {
  static override readonly code = 'CONFLICT';
  readonly code = ConflictError.code;
  /** Which input of the batch; 0 for a single one. */
  readonly index: number;
  /** The cursor of the item that is there, if any. */
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

/** Nothing was written: retry. */
export class EngineUnavailableError extends SeamlineError {
  static override readonly code = 'ENGINE_UNAVAILABLE';
  readonly code = EngineUnavailableError.code;
  override get name(): string {
    return 'EngineUnavailableError';
  }
}

/** May have been written: retry with the same idempotency key. */
export class IndeterminateError extends SeamlineError {
  static override readonly code = 'INDETERMINATE';
  readonly code = IndeterminateError.code;
  override get name(): string {
    return 'IndeterminateError';
  }
}
