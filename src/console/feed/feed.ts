/**
 * The data of the page. It follows the mirror change by change, and notifies React once a frame: a hundred changes between two frames
 * cost one rendering.
 */
import { type ItemChanges, type Mirror, mirror, type MirroredItem, type MirrorUpdate } from '../../client/index.ts';
import type { Collection } from '../server/collections.ts';
import type { Connection } from '../server/connection.ts';
import { FlashLimit } from './flash-limit.ts';
import { Matching } from './matching.ts';
import { Notifier } from '../server/notifier.ts';
import { isSameLog, type Outage, reloaded } from './outage.ts';
import { EVERY_ROW, filterInAddress, type RowFilter, showsRow } from './row-filter.ts';
import { Rows } from './rows.ts';
import { changesClient } from '../server/typed-changes.ts';

const NO_ITEMS: ReadonlyMap<string, MirroredItem> = new Map();

export interface View {
  readonly isLoaded: boolean;
  readonly error: unknown;
  /** The number of items in the map. */
  readonly size: number;
  readonly head: string;
  /** Whether the page had the whole map at `head`. The server sends a checksum only then. */
  readonly isCaughtUp: boolean;
  /** The server's checksum at `head`, which the mirror has compared with its own; undefined until the page has caught up. */
  readonly checksum: string | undefined;
  /** The cursor at load; changes after it are above the seam. */
  readonly seam: string;
  /** The number of items when the map was loaded. */
  readonly atLoad: number;
  /** The number of changes since the map was loaded. */
  readonly sinceLoad: number;
  readonly filter: RowFilter;
  /** Why the server refuses the filter on the values of a typed collection. The rows of the last right one stay. */
  readonly filterProblem: string | undefined;
  /** The number of rows, and of rows above the seam. */
  readonly shown: number;
  readonly above: number;
  /** The number of changes since the display was paused; undefined if it isn't. */
  readonly held: number | undefined;
  readonly outage: Outage | undefined;
}

const EMPTY: View = {
  isLoaded: false,
  error: undefined,
  size: 0,
  head: '',
  isCaughtUp: false,
  checksum: undefined,
  seam: '',
  atLoad: 0,
  sinceLoad: 0,
  filter: EVERY_ROW,
  filterProblem: undefined,
  shown: 0,
  above: 0,
  held: undefined,
  outage: undefined,
};

export class Feed {
  readonly changed = new Notifier();
  rows = new Rows();
  /** Whether all rows must be read from the mirror before the next frame. */
  #isStale = false;
  view: View;
  /** The number of changes since the page was opened. */
  total = 0;
  readonly #mirror: Mirror;
  readonly #matching: Matching;
  /** The items at the last update. A map that is loaded again is another object. */
  #items = NO_ITEMS;
  readonly #flashes = new FlashLimit();
  readonly #arrivals = new WeakMap<MirroredItem, number>();
  readonly #unsubscribes: (() => void)[];
  #next: View;
  /** The number of changes since the reconnect; undefined when the mirror has caught up. */
  #missed: number | undefined;
  #frame: number | undefined;

  constructor(connection: Connection, collection: Collection) {
    const { typedWhere, ...filter } = filterInAddress(collection);
    this.view = { ...EMPTY, filter: { ...filter, typedWhere: undefined } };
    this.#next = this.view;
    const client = collection.isTyped ? changesClient(connection.client, collection) : connection.client;
    this.#mirror = mirror(client);
    this.#matching = new Matching(client, {
      shown: (where) => {
        this.#next = { ...this.#next, filter: { ...this.#next.filter, typedWhere: where } };
        this.#readAllBeforeNextFrame();
      },
      changed: ({ changes, isReplaced }) => {
        if (this.#next.held !== undefined) return;
        if (isReplaced) this.#readAllBeforeNextFrame();
        else if (changes) this.#readChanges(changes);
        this.#show();
      },
      refused: (problem) => {
        this.#next = { ...this.#next, filterProblem: problem };
        this.#show();
      },
    });
    if (typedWhere) this.#matching.filter(typedWhere, 0);
    this.#unsubscribes = [
      connection.onReconnect(() => {
        // `??=`, because the connection may be lost again before the mirror has caught up.
        if (this.#next.isLoaded) this.#missed ??= 0;
      }),
      this.#mirror.subscribe((update) => this.#receive(update)),
    ];
  }

  /** The item as it is displayed: while the display is paused, the item at that time. */
  get(key: string): MirroredItem | undefined {
    const shown = this.#next.held === undefined ? undefined : this.rows.get(key);
    return shown ?? this.#mirror.items.get(key);
  }

  /** When the item arrived, by `performance.now()`; undefined if it was loaded, or came among too many others to be noticed. */
  arrivalOf(item: MirroredItem): number | undefined {
    return this.#arrivals.get(item);
  }

  /** A filter on the values of a typed collection holds once the server has sent what matches. */
  filter({ typedWhere, ...filter }: RowFilter): void {
    this.#next = { ...this.#next, filter: { ...filter, typedWhere: this.#next.filter.typedWhere } };
    this.#matching.filter(typedWhere);
    this.#readAllBeforeNextFrame();
  }

  /** Keeps the rows as they are, while the figures go on. */
  pause(): void {
    this.#next = { ...this.#next, held: 0 };
    this.#show();
  }

  /** Ends the pause: shows all changes since. */
  catchUp(): void {
    this.#next = { ...this.#next, held: undefined };
    this.#readAllBeforeNextFrame();
  }

  dismissOutage(): void {
    this.#next = { ...this.#next, outage: undefined };
    this.#show();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#matching.close();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #receive({ changes, isReplaced }: MirrorUpdate): void {
    const { isLoaded, status, error } = this.#mirror.state;
    this.#next = { ...this.#next, isLoaded, error: status === 'failed' ? error : undefined };
    if (changes) this.#apply(changes, isReplaced);
    this.#show();
  }

  #apply(changes: ItemChanges, isReplaced: boolean): void {
    const { upserted, removed, caughtUp, cursor } = changes;
    const checksum = changes.checksum ?? undefined;
    const before = { cursor: this.#next.head, items: this.#items };
    const { items } = this.#mirror;
    const { size } = items;
    this.#items = items;
    const count = upserted.length + removed.length;
    const { sinceLoad, held } = this.#next;
    if (isReplaced) this.#isStale = true;
    else if (held === undefined && !this.#matching.items) this.#readChanges(changes);
    const next = isReplaced
      ? { seam: cursor, atLoad: size, sinceLoad: 0, held: undefined }
      : { sinceLoad: sinceLoad + count, held: held === undefined ? undefined : held + count };
    this.#next = { ...this.#next, ...next, size, head: cursor, isCaughtUp: caughtUp, checksum };
    if (!isReplaced) this.total += count;
    const isLost = isReplaced && before.cursor !== '' && !isSameLog(before.cursor, cursor);
    if (this.#missed === undefined && !isLost) return;
    this.#missed = (this.#missed ?? 0) + count;
    if (!caughtUp) return;
    const what = isReplaced
      ? reloaded(before, { cursor, items })
      : ({ kind: 'resumed', changes: this.#missed } as const);
    this.#next = { ...this.#next, outage: { ...what, size, checksum } };
    this.#missed = undefined;
  }

  #readAllBeforeNextFrame(): void {
    this.#isStale = true;
    this.#show();
  }

  #readAll(): void {
    const { filter, held } = this.#next;
    this.#isStale = false;
    // A filter that is entered during a pause shows the current items.
    if (held !== undefined) this.#next = { ...this.#next, held: 0 };
    this.rows = new Rows();
    const items = this.#matching.items ?? this.#mirror.items;
    for (const item of items.values()) if (showsRow(filter, item)) this.rows.add(item);
  }

  #readChanges({ upserted, removed }: ItemChanges): void {
    const now = performance.now();
    const isNoticed = this.#flashes.admits(upserted.length, now);
    for (const { key } of removed) this.rows.delete(key);
    for (const item of upserted) {
      if (isNoticed) this.#arrivals.set(item, now);
      // Also while the rows are stale, so that a reader before the next frame finds current items.
      if (showsRow(this.#next.filter, item)) this.rows.add(item);
      else this.rows.delete(item.key);
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
