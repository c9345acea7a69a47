import type { GraphQLError } from 'graphql';
import type { AnswerShare } from '../../../schema/request/answer-budget.ts';
import { abandoned } from './abandoned.ts';
import { overloaded } from '../protocol/errors.ts';
import { UNKNOWN_BYTES } from '../protocol/turns.ts';

/** Undefined: at once. */
export type Admitted = Promise<void> | undefined;

/** The account of a connection, as its shares see it. */
export interface ShareHolder {
  /** Whether an answer may take `bytes` more. */
  admits(bytes: number): boolean;
  change(bytes: number): void;
  /** Waits for the turn of the connection's work. Undefined: at once. See `Turns`. */
  next(bytes?: number): Promise<void> | undefined;
  /** Lets one query in at a time, until it leaves. Rejects when the share is dropped. */
  enter(share: Share): Promise<void>;
  leave(share: Share): void;
  /** Lets a mutation in, which takes `bytes`. Fails with `OVERLOADED` when it can't. */
  admit(share: Share, bytes: number): Admitted;
  /** Ends the waiting of a share. */
  drop(share: Share): void;
}

/** Of an operation that waits, besides its request, in bytes. */
const WAITING_BYTES = 4096;

/** What the answer of one operation takes, from its execution until the client has read it. */
export class Share implements AnswerShare {
  bytes = 0;
  /** Why there is no answer. */
  refusal: GraphQLError | undefined;
  readonly requestBytes: number;
  readonly #account: ShareHolder;
  /** Whether it may no longer be refused: something was done, or delivered. */
  #isBound = false;
  /** Bytes of its answer that it has taken before they are spent. */
  #prepaid = 0;
  #isClosed = false;

  constructor(account: ShareHolder, requestBytes: number) {
    this.#account = account;
    this.requestBytes = requestBytes + WAITING_BYTES;
  }

  /** @throws {GraphQLError} `OVERLOADED` */
  take(bytes: number): void {
    if (this.refusal) throw this.refusal;
    if (this.#isClosed) return;
    if (!this.#isBound && !this.#account.admits(bytes)) {
      this.refusal = overloaded('too many answers wait for slow readers');
      this.clear();
      throw this.refusal;
    }
    const prepaid = Math.min(bytes, this.#prepaid);
    this.#prepaid -= prepaid;
    this.bytes += bytes - prepaid;
    this.#account.change(bytes - prepaid);
  }

  /** From here on it takes what it needs. `prepaid`: how much of that it has taken already. */
  bind(prepaid = 0): void {
    this.#isBound = true;
    this.#prepaid = prepaid;
  }

  /** Waits until a query may be executed: one at a time on a connection, until `executed`. Rejects when the share is closed. */
  async enter(): Promise<void> {
    if (this.#isClosed) throw abandoned();
    await this.#account.enter(this);
    await this.#account.next(UNKNOWN_BYTES);
    if (!this.#isClosed) return;
    // Nobody would call `executed` any more.
    this.executed();
    throw abandoned();
  }

  /** Waits for the turn of the answer's next piece. Undefined: at once. */
  next(): Promise<void> | undefined {
    return this.#account.next();
  }

  /** Waits until a mutation may be executed, whose answer takes about `bytes`. Fails with `OVERLOADED`. */
  admit(bytes: number): Admitted {
    return this.#account.admit(this, bytes);
  }

  /** Its operation is not executed if it still waits. */
  cancel(): void {
    this.#account.drop(this);
  }

  executed(): void {
    this.#account.leave(this);
  }

  /** Gives back what it has taken: its answer was read, or something else counts it now. */
  clear(): void {
    const { bytes } = this;
    this.bytes = 0;
    this.#prepaid = 0;
    this.#account.change(-bytes);
  }

  /** An operation that waits is not executed. */
  readonly close = (): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.executed();
    this.#account.drop(this);
    this.clear();
  };
}
