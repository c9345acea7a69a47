import type { Socket } from 'node:net';
import { Progress } from '../protocol/progress.ts';
import { type Admitted, Share, type ShareHolder } from './share.ts';
import { abandoned } from './abandoned.ts';
import type { Turns } from '../protocol/turns.ts';

/** Stops and starts the reading of a connection's requests. */
export interface Requests {
  pause(): void;
  resume(): void;
}

/** The accounts of all connections, as one of them sees it. */
export interface Ledger {
  readonly limits: { readonly perConnection: number };
  readonly turns: Turns;
  /** Whether an answer of the account may take `bytes` more. */
  admits(account: Account, bytes: number): boolean;
  /** To be called after each change. */
  changed(account: Account, bytes: number): void;
}

interface Waiting {
  readonly share: Share;
  /** What a mutation takes as it is let in. Undefined: a query, which takes its bytes while it is executed, alone. */
  readonly bytes: number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes of requests that wait, above which no more are read. */
const MAX_WAITING_BYTES = 256 * 1024;

/**
 * What one connection's answers take until they are read. While that is more than a connection may have, its further operations wait, in the
 * order in which they came. Queries are executed one at a time, because only their execution shows what their answers take.
 */
export class Account implements ShareHolder {
  readonly #ledger: Ledger;
  readonly #socket: Socket;
  /** Once the connection had something to read. */
  #progress: Progress | undefined;
  #requests: Requests;
  /** Bytes of all shares and of `#unread`. */
  held = 0;
  /** Bytes that were written to the connection and not taken by the kernel. */
  #unread = 0;
  #executing: Share | undefined;
  /** Made when the first one waits: most connections only ever subscribe. */
  #waiting: Set<Waiting> | undefined;
  #waitingBytes = 0;
  #isPaused = false;
  #isClosed = false;
  /** When the connection made progress last, or had nothing to read. */
  #movedAt = performance.now();

  constructor(ledger: Ledger, socket: Socket) {
    this.#ledger = ledger;
    this.#socket = socket;
    this.#requests = socket;
  }

  /** By default the socket itself is paused. */
  pausedBy(requests: Requests): void {
    this.#requests = requests;
  }

  /** For one operation. `requestBytes`: of its request. */
  open(requestBytes: number): Share {
    return new Share(this, requestBytes);
  }

  /** Waits for the turn of the connection's work. Undefined: at once. */
  next(bytes?: number): Promise<void> | undefined {
    return this.#ledger.turns.next(this.#socket, bytes);
  }

  /** Waits for the turn of an operation. Its request counts until then, so that a client can't send faster than operations begin. */
  async begin({ requestBytes }: Share, bytes: number): Promise<void> {
    const turn = this.next(bytes);
    if (!turn) return;
    this.#waitingBytes += requestBytes;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#pause();
    await turn;
    this.#waitsLess(requestBytes);
  }

  /** Whether all of it is written already, as the results of subscriptions are, which their clients resume. */
  get isWritten(): boolean {
    return this.held === this.#unread;
  }

  /** Whether an operation need not wait. */
  get isReady(): boolean {
    return this.#hasRoom && (this.#waiting?.size ?? 0) === 0;
  }

  admits(bytes: number): boolean {
    return this.#ledger.admits(this, bytes);
  }

  change(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.held += bytes;
    this.#ledger.changed(this, bytes);
    if (bytes < 0) this.#letIn();
  }

  /** A function to be called with the unread bytes of one outlet, in place of the number before. */
  meter(): (bytes: number) => void {
    let known = 0;
    return (bytes) => {
      const more = bytes - known;
      known = bytes;
      this.writes(more);
    };
  }

  /** `more`: how many more bytes of its outlets are unread. */
  writes(more: number): void {
    this.#unread += more;
    this.change(more);
  }

  enter(share: Share): Promise<void> {
    return this.#executing === share ? Promise.resolve() : this.#wait(share, undefined);
  }

  admit(share: Share, bytes: number): Admitted {
    if (!this.isReady) return this.#wait(share, bytes);
    share.take(bytes);
    return undefined;
  }

  leave(share: Share): void {
    if (this.#executing !== share) return;
    this.#executing = undefined;
    this.#letIn();
  }

  drop(share: Share): void {
    for (const waiting of this.#waiting ?? [])
      if (waiting.share === share) {
        this.#remove(waiting);
        waiting.reject(abandoned());
      }
  }

  /** The time since the connection made progress, in ms; 0 while it has nothing to read. */
  silence(now: number): number {
    this.#progress ??= new Progress(this.#socket);
    const hasMoved = this.#progress.hasMoved();
    if (hasMoved || this.#socket.writableLength === 0) this.#movedAt = now;
    return now - this.#movedAt;
  }

  cut(): void {
    this.#socket.destroy();
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { held } = this;
    this.held = 0;
    this.#ledger.changed(this, -held);
    for (const { share } of this.#waiting ?? []) this.drop(share);
  }

  get #hasRoom(): boolean {
    return this.held <= this.#ledger.limits.perConnection;
  }

  #wait(share: Share, bytes: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting ??= new Set();
      this.#waiting.add({ share, bytes, resolve, reject });
      this.#waitingBytes += share.requestBytes;
      if (this.#isClosed) return this.drop(share);
      this.#letIn();
      if (this.#waitingBytes > MAX_WAITING_BYTES) this.#pause();
    });
  }

  #letIn(): void {
    if (this.#isClosed || !this.#waiting) return;
    for (const waiting of this.#waiting) {
      const { share, bytes, resolve, reject } = waiting;
      if (!this.#hasRoom || (bytes === undefined && this.#executing)) return;
      this.#remove(waiting);
      try {
        if (bytes === undefined) this.#executing = share;
        else share.take(bytes);
        resolve();
      } catch (error) {
        reject(error);
      }
    }
  }

  #remove(waiting: Waiting): void {
    this.#waiting?.delete(waiting);
    this.#waitsLess(waiting.share.requestBytes);
  }

  #waitsLess(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (!this.#isPaused || this.#isClosed || this.#waitingBytes > MAX_WAITING_BYTES / 2) return;
    this.#isPaused = false;
    this.#requests.resume();
  }

  #pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    this.#requests.pause();
  }
}
