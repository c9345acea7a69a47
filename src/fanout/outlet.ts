import { type Held, valuesOf, withoutValue, withValue } from '../core/interest/held-values.ts';
import type { WireText } from './frames.ts';
import { type LongText, LongTexts, type PieceTurns, type TextWriter } from './long-texts.ts';

/** Of one write, in bytes. */
const CHUNK = 48 * 1024;

/** A subscriber, as its outlet sees it. */
export interface OutletSubscriber {
  /** Asks for its next delivery, because the outlet has drained. */
  goOn(spent: number): void;
  /** Takes effect at once. */
  leave(): void;
}

export interface OutletOptions {
  /** Whether anything may still be written. */
  readonly isOpen: () => boolean;
  /** Whether the owner calls `drained`. By default the outlet listens itself. */
  readonly tellsDrained?: boolean;
  /** Called with the bytes that wait in the outlet, when these change: more while it is full, 0 when all are taken. */
  readonly unread?: ((bytes: number) => void) | undefined;
  /** Called when the outlet takes more, and when it closes. */
  readonly taken?: (() => void) | undefined;
  /** When the pieces of long texts are made. */
  readonly turns?: PieceTurns | undefined;
}

/**
 * The connection to one client, for all its subscriptions: gathered texts go out in one write. Above its high-water mark it takes
 * nothing until it has drained, and while a long text is written, nothing until that has ended.
 */
export class Outlet {
  #subscribers: Held<OutletSubscriber> | undefined;
  /** Subscribers that wait until the outlet has drained. */
  #blocked: Set<OutletSubscriber> | undefined;
  readonly #writer: TextWriter;
  /** From the first long text on: most clients are never sent any. */
  #long: LongTexts | undefined;
  #gathered: WireText = '';
  /** Whether a flush is scheduled for the end of this callback of the event loop. */
  #isDue = false;
  /** Nearly always none. */
  #waiting: (() => void)[] | undefined;
  readonly #options: OutletOptions;
  /** As it was told last. */
  #unread = 0;

  constructor(writer: TextWriter, options: OutletOptions) {
    this.#writer = writer;
    this.#options = options;
    if (options.tellsDrained !== true) writer.on('drain', () => this.drained());
  }

  /** To be called when the writer has drained. */
  drained(): void {
    if (this.isSendingLong) this.#long?.goOn();
    else this.#goOn();
  }

  get isFull(): boolean {
    return this.#writer.writableNeedDrain || this.isSendingLong;
  }

  get isSendingLong(): boolean {
    return this.#long?.isBusy === true;
  }

  /** Of the gathered text, in bytes. */
  get size(): number {
    return this.#gathered.length + (this.#long?.waitingBytes ?? 0);
  }

  /** The subscriber goes on when the outlet has drained. */
  block(subscriber: OutletSubscriber): void {
    (this.#blocked ??= new Set()).add(subscriber);
  }

  add(subscriber: OutletSubscriber): void {
    this.#subscribers = withValue(this.#subscribers, subscriber);
  }

  /** To be called once for each subscriber that was added. */
  remove(subscriber: OutletSubscriber): void {
    this.#subscribers = this.#subscribers && withoutValue(this.#subscribers, subscriber);
    this.#blocked?.delete(subscriber);
  }

  /** Written by the next `flush`; a chunk is written at once. */
  gather(text: WireText): void {
    if (this.#long?.isBusy === true) this.#long.append(text);
    else {
      // What is written when the outlet is not full fits one chunk, unless one text exceeds it.
      if (this.#gathered !== '' && this.#gathered.length + text.length > CHUNK && !this.isFull) this.flush();
      this.#gathered += text;
    }
    if (this.#gathered.length >= CHUNK) this.flush();
    else if (this.isFull) this.#tell();
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
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve));
  }

  /** Writes the text's pieces as the client reads them. All that is said later is written after it. */
  sendLong(text: LongText): void {
    if (!this.#options.isOpen()) return text.end();
    if (!this.isSendingLong) this.flush();
    this.#long ??= new LongTexts(
      this.#writer,
      () => this.#options.isOpen(),
      () => this.#goOn(),
      this.#options.turns,
    );
    this.#long.add(text);
  }

  flush(): void {
    const gathered = this.#gathered;
    this.#gathered = '';
    this.#isDue = false;
    const isOpen = this.#options.isOpen();
    if (gathered !== '' && isOpen) this.#writer.write(gathered, 'latin1');
    if (!this.isFull || !isOpen) this.#resolve();
    this.#tell();
  }

  #goOn(): void {
    this.flush();
    const blocked = this.#blocked;
    this.#blocked = undefined;
    for (const subscriber of blocked ?? []) subscriber.goOn(0);
  }

  /** A full outlet is flushed when it has drained. */
  #flushDue(): void {
    if (!this.isFull) this.flush();
  }

  /** The client has gone. */
  close(): void {
    this.#long?.close();
    this.#resolve();
    for (const subscriber of valuesOf(this.#subscribers)) subscriber.leave();
  }

  /** What the kernel takes at once was never unread. */
  #tell(): void {
    const bytes = this.isFull ? this.size + this.#writer.writableLength : 0;
    if (bytes !== this.#unread) this.#options.unread?.((this.#unread = bytes));
  }

  #resolve(): void {
    this.#options.taken?.();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const resolve of waiting ?? []) resolve();
  }
}
