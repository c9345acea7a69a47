import type { Writable } from 'node:stream';
import type { WireText } from './frames.ts';

/** A socket or an HTTP response. */
export type TextWriter = Pick<Writable, 'writableNeedDrain' | 'writableLength' | 'on'> & {
  write(text: string, encoding: 'latin1'): boolean;
};

/** A text that is made as it is read. */
export interface LongText {
  readonly pieces: Iterator<WireText>;
  /** Asked before its first piece is made. */
  isWanted(): boolean;
  /** Called once, when the client has taken all of it, or will not take it. */
  end(): void;
}

/** Lets the event loop go on between pieces. */
export interface PieceTurns {
  /** Undefined: at once. */
  next(): Promise<void> | undefined;
}

/** The long texts of one outlet, one after the other, and what was said after each of them. */
export class LongTexts {
  readonly #writer: TextWriter;
  readonly #isOpen: () => boolean;
  readonly #onIdle: () => void;
  #current: LongText | undefined;
  #waiting: (LongText | WireText)[] = [];
  /** Of the texts that wait and are made already. */
  waitingBytes = 0;
  readonly #turns: PieceTurns | undefined;
  /** Whether it waits for its turn. */
  #isDue = false;

  /** `onIdle`: called when the last one is written and the writer takes more. */
  constructor(writer: TextWriter, isOpen: () => boolean, onIdle: () => void, turns?: PieceTurns) {
    this.#writer = writer;
    this.#isOpen = isOpen;
    this.#onIdle = onIdle;
    this.#turns = turns;
  }

  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  add(text: LongText): void {
    if (this.#current) return void this.#waiting.push(text);
    this.#current = text;
    this.goOn();
  }

  append(text: WireText): void {
    const last = this.#waiting.at(-1);
    if (typeof last === 'string') this.#waiting[this.#waiting.length - 1] = last + text;
    else this.#waiting.push(text);
    this.waitingBytes += text.length;
  }

  /** Writes until the writer is full. To be called again when it has drained. */
  goOn(): void {
    if (this.#isDue) return;
    while (this.#current && !this.#writer.writableNeedDrain) {
      if (!this.#isOpen()) return this.close();
      const turn = this.#turns?.next();
      if (turn) return this.#goOnAt(turn);
      const { done, value } = this.#current.pieces.next();
      if (done !== true) this.#writer.write(value, 'latin1');
      else this.#next();
    }
  }

  close(): void {
    const waiting = this.#waiting;
    const current = this.#current;
    this.#current = undefined;
    this.#waiting = [];
    this.waitingBytes = 0;
    for (const text of [current, ...waiting]) if (typeof text === 'object') text.end();
  }

  #goOnAt(turn: Promise<void>): void {
    this.#isDue = true;
    void turn.then(() => {
      this.#isDue = false;
      this.goOn();
    });
  }

  /** The current one is written, and taken. */
  #next(): void {
    this.#current?.end();
    this.#current = undefined;
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      if (typeof text === 'object') {
        if (text.isWanted()) return void (this.#current = text);
        text.end();
      } else {
        this.waitingBytes -= text.length;
        this.#writer.write(text, 'latin1');
      }
    }
    this.#onIdle();
  }
}
