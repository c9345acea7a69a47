/**
 * What the page shows of the map, kept in step with the mirror change by change, and told to React once a frame: a hundred changes
 * between two frames cost one rendering.
 */
import { type ItemChanges, type Mirror, mirror, type MirroredItem, type MirrorUpdate } from '../../client/index.ts';
import type { Connection } from './connection.ts';
import { Rows } from './rows.ts';
import { Signal } from './signal.ts';

/** What came after the connection was lost, or cut. */
export interface Absence {
  readonly changes: number;
  /** The server's, which the mirror's is equal to; undefined: it says none, as to a token with a prefix. */
  readonly checksum: string | undefined;
  /** The server did not know the place any more, so everything was fetched. */
  readonly isReplaced: boolean;
}

export interface View {
  readonly isLoaded: boolean;
  readonly error: unknown;
  /** Of the whole map. */
  readonly size: number;
  readonly head: string;
  /** The server's at `head`; of the mirror, at least, where it says none. */
  readonly checksum: string | undefined;
  /** The cursor where what was there ends, and what has come since begins. */
  readonly seam: string;
  readonly there: number;
  readonly since: number;
  readonly prefix: string;
  /** How many rows there are, and how many of them above the seam. */
  readonly shown: number;
  readonly above: number;
  readonly absence: Absence | undefined;
}

const NOTHING: View = {
  isLoaded: false,
  error: undefined,
  size: 0,
  head: '',
  checksum: undefined,
  seam: '',
  there: 0,
  since: 0,
  prefix: '',
  shown: 0,
  above: 0,
  absence: undefined,
};

export class Feed {
  readonly changed = new Signal();
  rows = new Rows();
  /** Whether `rows` are to be read from the mirror, all of them, before they are shown again. */
  #isStale = false;
  view: View = NOTHING;
  /** Changes since the page was opened, whatever they were. */
  total = 0;
  readonly #mirror: Mirror;
  readonly #arrivals = new WeakMap<MirroredItem, number>();
  readonly #leave: (() => void)[];
  #next: View = NOTHING;
  /** Changes since the connection was back; undefined: it has caught up. */
  #missed: number | undefined;
  #frame: number | undefined;

  constructor(connection: Connection) {
    this.#mirror = mirror(connection.client);
    this.#leave = [
      connection.onReturn(() => {
        // It may have been lost again before it had caught up.
        if (this.#next.isLoaded) this.#missed ??= 0;
      }),
      this.#mirror.subscribe((update) => this.#take(update)),
    ];
  }

  get(key: string): MirroredItem | undefined {
    return this.#mirror.items.get(key);
  }

  /** When it came, by `performance.now()`, if it came across the seam. */
  arrivalOf(item: MirroredItem): number | undefined {
    return this.#arrivals.get(item);
  }

  filter(prefix: string): void {
    this.#next = { ...this.#next, prefix };
    this.#isStale = true;
    this.#show();
  }

  forgetAbsence(): void {
    this.#next = { ...this.#next, absence: undefined };
    this.#show();
  }

  close(): void {
    for (const leave of this.#leave) leave();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #take({ changes, isReplaced }: MirrorUpdate): void {
    const { isLoaded, error } = this.#mirror.state;
    this.#next = { ...this.#next, isLoaded, error };
    if (changes) this.#apply(changes, isReplaced);
    this.#show();
  }

  #apply(changes: ItemChanges, isReplaced: boolean): void {
    const { upserted, removed, caughtUp, cursor, checksum } = changes;
    const count = upserted.length + removed.length;
    if (isReplaced) this.#isStale = true;
    else this.#readChanges(changes);
    const size = this.#mirror.items.size;
    const seam = isReplaced ? { seam: cursor, there: size, since: 0 } : { since: this.#next.since + count };
    this.#next = { ...this.#next, ...seam, size, head: cursor, checksum: checksum ?? undefined };
    if (!isReplaced) this.total += count;
    if (this.#missed === undefined) return;
    this.#missed += count;
    if (!caughtUp) return;
    this.#next = { ...this.#next, absence: { changes: this.#missed, checksum: checksum ?? undefined, isReplaced } };
    this.#missed = undefined;
  }

  #readAll(): void {
    const { prefix } = this.#next;
    this.#isStale = false;
    this.rows = new Rows();
    for (const item of this.#mirror.items.values()) if (item.key.startsWith(prefix)) this.rows.add(item);
  }

  #readChanges({ upserted, removed }: ItemChanges): void {
    const now = performance.now();
    for (const { key } of removed) this.rows.delete(key);
    for (const item of upserted) {
      this.#arrivals.set(item, now);
      // Also while they are stale: whoever looks before they are read anew finds the present.
      if (item.key.startsWith(this.#next.prefix)) this.rows.add(item);
    }
  }

  #show(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      if (this.#isStale) {
        this.#readAll();
        // In a frame of their own: 100,000 take a moment.
        return this.#show();
      }
      this.view = { ...this.#next, shown: this.rows.length, above: this.rows.countAfter(this.#next.seam) };
      this.changed.notify();
    });
  }
}
