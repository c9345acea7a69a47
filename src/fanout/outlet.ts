import type { Writable } from 'node:stream';
import type { WireText } from './frames.ts';

/** What is written at a time, in bytes. */
const CHUNK = 48 * 1024;

/** One of those that share an outlet. */
export interface OutletSubscriber {
  /** Served together with all others at each move of the head. */
  readonly isLive: boolean;
  readonly isCaughtUp: boolean;
  /** Gathers what comes next. Returns how many entries that were. */
  deliver(): number;
  /** Waits for what it is given next where it belongs. `spent`: how many entries it just had. */
  goOn(spent: number): void;
  /** At once, whatever it waits for. */
  leave(): void;
}

/** What a socket and an HTTP response have in common. */
export type Way = Pick<Writable, 'writableNeedDrain' | 'on'> & {
  write(text: string, encoding: 'latin1'): boolean;
};

/**
 * The way to one client, for all its subscriptions: what is gathered goes out in one write. A way above its high-water mark takes
 * nothing until it has drained.
 */
export class Outlet {
  /** Those that are served here. */
  readonly subscribers = new Set<OutletSubscriber>();
  readonly #way: Way;
  #gathered: WireText = '';
  /** Whether it goes out by itself in this callback of the event loop. */
  #isDue = false;
  #waiting: (() => void)[] = [];
  readonly #isOpen: () => boolean;

  /** `isOpen`: nothing is written when the way's last word has been said. */
  constructor(way: Way, isOpen: () => boolean) {
    this.#way = way;
    this.#isOpen = isOpen;
    way.on('drain', () => {
      this.flush();
      for (const subscriber of this.subscribers) subscriber.goOn(0);
    });
  }

  get isFull(): boolean {
    return this.#way.writableNeedDrain;
  }

  /** Of what is gathered, in bytes. */
  get size(): number {
    return this.#gathered.length;
  }

  /** With what follows in this turn; a chunk goes out at once. */
  gather(text: WireText): void {
    this.#gathered += text;
    if (this.#gathered.length >= CHUNK) this.flush();
  }

  /** With what else this callback of the event loop brings. */
  say(text: WireText): void {
    if (!this.#isDue) queueMicrotask(() => process.nextTick(() => this.#flushDue()));
    this.#isDue = true;
    this.gather(text);
  }

  /** The same. Resolves when the way takes more, or has closed. */
  send(text: WireText): Promise<void> {
    this.say(text);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  flush(): void {
    const gathered = this.#gathered;
    this.#gathered = '';
    this.#isDue = false;
    const isOpen = this.#isOpen();
    if (gathered !== '' && isOpen) this.#way.write(gathered, 'latin1');
    if (!this.isFull || !isOpen) this.#resolve();
  }

  /** What can't go out now goes when the way has drained. */
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
