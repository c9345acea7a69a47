import type { Writable } from 'node:stream';
import type { WireText } from './frames.ts';

/** Of one write, in bytes. */
const CHUNK = 48 * 1024;

/** A subscriber, as its outlet sees it. */
export interface OutletSubscriber {
  /** Whether it is near the head, and swept with the others at each move of it. */
  readonly isLive: boolean;
  readonly isCaughtUp: boolean;
  /** Gathers its next results. Returns how many log entries they cover. */
  deliver(): number;
  /** Asks for its next delivery, near the head or in a slot of its own. `spent`: how many log entries the last one covered. */
  goOn(spent: number): void;
  /** Takes effect at once. */
  leave(): void;
}

/** A socket or an HTTP response. */
export type TextWriter = Pick<Writable, 'writableNeedDrain' | 'on'> & {
  write(text: string, encoding: 'latin1'): boolean;
};

/**
 * The connection to one client, for all its subscriptions: gathered texts go out in one write. Above its high-water mark it takes
 * nothing until it has drained.
 */
export class Outlet {
  readonly subscribers = new Set<OutletSubscriber>();
  readonly #writer: TextWriter;
  #gathered: WireText = '';
  /** Whether a flush is scheduled for the end of this callback of the event loop. */
  #isDue = false;
  #waiting: (() => void)[] = [];
  readonly #isOpen: () => boolean;

  /** `isOpen`: whether anything may still be written. */
  constructor(writer: TextWriter, isOpen: () => boolean) {
    this.#writer = writer;
    this.#isOpen = isOpen;
    writer.on('drain', () => {
      this.flush();
      for (const subscriber of this.subscribers) subscriber.goOn(0);
    });
  }

  get isFull(): boolean {
    return this.#writer.writableNeedDrain;
  }

  /** Of the gathered text, in bytes. */
  get size(): number {
    return this.#gathered.length;
  }

  /** Written by the next `flush`; a chunk is written at once. */
  gather(text: WireText): void {
    this.#gathered += text;
    if (this.#gathered.length >= CHUNK) this.flush();
  }

  /** Written at the end of this callback of the event loop, with whatever else it brings. */
  say(text: WireText): void {
    if (!this.#isDue) queueMicrotask(() => process.nextTick(() => this.#flushDue()));
    this.#isDue = true;
    this.gather(text);
  }

  /** Like `say`. Resolves when the outlet takes more, or has closed. */
  send(text: WireText): Promise<void> {
    this.say(text);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  flush(): void {
    const gathered = this.#gathered;
    this.#gathered = '';
    this.#isDue = false;
    const isOpen = this.#isOpen();
    if (gathered !== '' && isOpen) this.#writer.write(gathered, 'latin1');
    if (!this.isFull || !isOpen) this.#resolve();
  }

  /** A full outlet is flushed when it has drained. */
  #flushDue(): void {
    if (!this.isFull) this.flush();
  }

  /** The client has gone. */
  close(): void {
    this.#resolve();
    for (const subscriber of this.subscribers) subscriber.leave();
  }

  #resolve(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
