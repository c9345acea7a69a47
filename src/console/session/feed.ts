/**
 * The data of the page. It follows the mirror change by change, and notifies React once a frame: a hundred changes between two frames
 * cost one rendering.
 */
import { type ItemChanges, type Mirror, mirror, type MirroredItem, type MirrorUpdate } from '../../client/index.ts';
import type { Connection } from './connection.ts';
import { Rows } from './rows.ts';
import { Notifier } from './notifier.ts';

/** An outage that has ended: the connection was lost or cut, and the mirror has caught up again. */
export interface Outage {
  readonly changes: number;
  /** The server's checksum, equal to the mirror's; undefined if the server sends none, as for a token with a key prefix. */
  readonly checksum: string | undefined;
  /** Whether the server no longer knew the cursor, so that the whole map was loaded again. */
  readonly isReplaced: boolean;
}

export interface View {
  readonly isLoaded: boolean;
  readonly error: unknown;
  /** The number of items in the map. */
  readonly size: number;
  readonly head: string;
  /** The server's checksum at `head`; undefined if the server sent none. */
  readonly checksum: string | undefined;
  /** The cursor at load; changes after it are above the seam. */
  readonly seam: string;
  /** The number of items when the map was loaded. */
  readonly atLoad: number;
  /** The number of changes since the map was loaded. */
  readonly sinceLoad: number;
  readonly prefix: string;
  /** The number of rows, and of rows above the seam. */
  readonly shown: number;
  readonly above: number;
  readonly outage: Outage | undefined;
}

const EMPTY: View = {
  isLoaded: false,
  error: undefined,
  size: 0,
  head: '',
  checksum: undefined,
  seam: '',
  atLoad: 0,
  sinceLoad: 0,
  prefix: '',
  shown: 0,
  above: 0,
  outage: undefined,
};

export class Feed {
  readonly changed = new Notifier();
  rows = new Rows();
  /** Whether all rows must be read from the mirror before the next frame. */
  #isStale = false;
  view: View = EMPTY;
  /** The number of changes since the page was opened. */
  total = 0;
  readonly #mirror: Mirror;
  readonly #arrivals = new WeakMap<MirroredItem, number>();
  readonly #unsubscribes: (() => void)[];
  #next: View = EMPTY;
  /** The number of changes since the reconnect; undefined when the mirror has caught up. */
  #missed: number | undefined;
  #frame: number | undefined;

  constructor(connection: Connection) {
    this.#mirror = mirror(connection.client);
    this.#unsubscribes = [
      connection.onReconnect(() => {
        // `??=`, because the connection may be lost again before the mirror has caught up.
        if (this.#next.isLoaded) this.#missed ??= 0;
      }),
      this.#mirror.subscribe((update) => this.#receive(update)),
    ];
  }

  get(key: string): MirroredItem | undefined {
    return this.#mirror.items.get(key);
  }

  /** When the item arrived, by `performance.now()`; undefined for items that were loaded. */
  arrivalOf(item: MirroredItem): number | undefined {
    return this.#arrivals.get(item);
  }

  filter(prefix: string): void {
    this.#next = { ...this.#next, prefix };
    this.#isStale = true;
    this.#show();
  }

  dismissOutage(): void {
    this.#next = { ...this.#next, outage: undefined };
    this.#show();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #receive({ changes, isReplaced }: MirrorUpdate): void {
    const { isLoaded, status, error } = this.#mirror.state;
    this.#next = { ...this.#next, isLoaded, error: status === 'failed' ? error : undefined };
    if (changes) this.#apply(changes, isReplaced);
    this.#show();
  }

  #apply(changes: ItemChanges, isReplaced: boolean): void {
    const { upserted, removed, caughtUp, cursor, checksum } = changes;
    const count = upserted.length + removed.length;
    if (isReplaced) this.#isStale = true;
    else this.#readChanges(changes);
    const size = this.#mirror.items.size;
    const seam = isReplaced
      ? { seam: cursor, atLoad: size, sinceLoad: 0 }
      : { sinceLoad: this.#next.sinceLoad + count };
    this.#next = { ...this.#next, ...seam, size, head: cursor, checksum: checksum ?? undefined };
    if (!isReplaced) this.total += count;
    if (this.#missed === undefined) return;
    this.#missed += count;
    if (!caughtUp) return;
    this.#next = { ...this.#next, outage: { changes: this.#missed, checksum: checksum ?? undefined, isReplaced } };
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
      // Also while the rows are stale, so that a reader before the next frame finds current items.
      if (item.key.startsWith(this.#next.prefix)) this.rows.add(item);
    }
  }

  #show(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      if (this.#isStale) {
        this.#readAll();
        // Reading 100,000 items takes a while, so rendering waits for another frame.
        return this.#show();
      }
      this.view = { ...this.#next, shown: this.rows.length, above: this.rows.countAfter(this.#next.seam) };
      this.changed.notify();
    });
  }
}
