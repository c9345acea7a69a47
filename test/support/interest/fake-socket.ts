/** A socket inside the process: it becomes full and drains when the test says so. */
import { Outlet } from '../../../src/fanout/outlet.ts';
import type { TextWriter } from '../../../src/fanout/long-texts.ts';
import { framesIn } from '../fuzz/frames.ts';

type Receive = (payload: unknown) => void;

export class FakeSocket implements TextWriter {
  readonly writableLength = 0;
  readonly outlet: Outlet;
  /** The subscriptions on this socket, by id. */
  readonly receivers = new Map<string, Receive>();
  /** Messages to ids that nobody has, and texts that were written while it was full (G5). */
  readonly strays: unknown[] = [];
  /** How often anybody has asked whether the socket is full. */
  looks = 0;
  writes = 0;
  /** Called after each write. */
  onWrite: () => void = () => {};
  readonly #listeners: (() => void)[] = [];
  #isFull = false;
  #room = Infinity;
  #waiting: (() => void)[] = [];

  constructor() {
    this.outlet = new Outlet(this, { isOpen: () => true });
  }

  get writableNeedDrain(): boolean {
    this.looks++;
    return this.#isFull;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  readonly on = ((event: string, listener: () => void) => {
    if (event === 'drain') this.#listeners.push(listener);
    return this;
  }) as unknown as TextWriter['on'];

  write(text: string): boolean {
    if (this.#isFull) this.strays.push(`written while it is full: ${text}`);
    for (const { payload } of framesIn(Buffer.from(text, 'latin1'))) {
      const message = JSON.parse(payload.toString()) as { id: string; payload: unknown };
      const receive = this.receivers.get(message.id);
      if (receive) receive(message.payload);
      else this.strays.push(message);
    }
    this.took();
    return !this.#isFull;
  }

  /** Counts one write, or one result that a generator has yielded. */
  took(): void {
    this.writes++;
    if (--this.#room <= 0) this.#isFull = true;
    this.onWrite();
  }

  /** The socket is full after so many more writes. */
  fill(room = 0): void {
    this.#room = room;
    if (room === 0) this.#isFull = true;
  }

  drain(): void {
    this.#room = Infinity;
    if (!this.#isFull) return;
    this.#isFull = false;
    for (const listener of this.#listeners) listener();
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Undefined when the socket takes more now. */
  drained(): Promise<void> | undefined {
    return this.#isFull ? new Promise((resolve) => this.#waiting.push(resolve)) : undefined;
  }
}
