/** Readers of the model-based tests: each knows from the oracle what it must get next, and checks that it gets that. */
import { expect } from 'vitest';
import type { Item } from '../../src/core/change.ts';
import { parseCursor } from '../../src/core/cursor.ts';
import { type KeyFilter, passes } from '../../src/core/filter.ts';
import type { ItemChanges } from '../../src/core/item-changes.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { Oracle, OracleChange, OracleItem } from './oracle.ts';
import { checksumOf } from './mirror.ts';

/** What there is now: the node that the reader is connected to, and the truth. */
export interface World {
  map: StreamingMap<number>;
  oracle: Oracle;
  readonly window: number;
}

export interface ReaderPlan {
  readonly filter: KeyFilter;
  readonly limit: number | undefined;
  readonly onLag: 'CONFLATE' | 'FAIL';
}

const floorOf = ({ oracle, window }: World): number => Math.max(0, oracle.head - window);

/** Deliveries that were checked, over all readers. */
export const counted = { deliveries: 0 };

export class ItemsReader {
  readonly #world: World;
  readonly #plan: ReaderPlan;
  #generator: AsyncGenerator<Item<number>, void, void>;
  /** Undefined until the first pull: then the cutoff is taken. */
  #cutoff: number | undefined;
  #at = 0;
  /** Where it stands once it has what it must get. */
  #next = 0;
  #left: number;
  /** The newest head that it saw when it got current items only. */
  #seen = 0;
  #lastCursor: string | undefined;
  #pending: Promise<IteratorResult<Item<number>, void>> | undefined;
  /** Whether the node has lost what it stands on. */
  #isForked = false;
  #isStarted = false;
  isOver = false;

  constructor(world: World, plan: ReaderPlan) {
    this.#world = world;
    this.#plan = plan;
    this.#left = plan.limit ?? Infinity;
    this.#generator = world.map.items(plan);
  }

  async pull(): Promise<void> {
    if (this.isOver) return;
    this.#cutoff ??= this.#world.oracle.head;
    this.#isStarted = true;
    this.#pending ??= this.#generator.next();
    // It may reject before it is looked at.
    this.#pending.catch(() => {});
    await this.settle();
  }

  /** After each command: what waits gets what has come. */
  async settle(): Promise<void> {
    if (!this.#pending || this.isOver) return;
    if (this.#isForked && this.#left > 0) {
      if (this.#lastCursor !== undefined) {
        await expect(this.#pending).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
        return this.#end();
      }
      // It has nothing yet, and joins again.
      [this.#at, this.#cutoff, this.#isForked] = [0, this.#world.oracle.head, false];
    }
    const cutoff = this.#cutoff ?? 0;
    const floor = floorOf(this.#world);
    if (this.#left > 0 && this.#plan.onLag === 'FAIL' && floor > Math.max(this.#at, cutoff)) {
      const cursor = this.#lastCursor;
      const missed = floor - Math.max(this.#at, cutoff);
      await expect(this.#pending).rejects.toMatchObject({ code: 'LAGGED', missed, ...(cursor && { cursor }) });
      return this.#end();
    }
    const expected = this.#left > 0 ? this.#expected(cutoff, floor) : undefined;
    if (this.#left > 0 && !expected) return;
    const { value, done } = await this.#pending;
    this.#pending = undefined;
    if (this.#left === 0) {
      expect(done, 'G8: completes').toBe(true);
      return this.#end();
    }
    expect(
      value && { key: value.key, value: value.value, position: value.position, expiresAt: value.expiresAt },
    ).toEqual(expected);
    counted.deliveries++;
    this.#at = this.#next;
    this.#lastCursor = value?.cursor;
    this.#left--;
  }

  /** The node has rebuilt its map from a log that is the same up to a position only. */
  async cross(shared: number): Promise<void> {
    if (this.isOver) return;
    if (!this.#isStarted) return this.#judge();
    this.#isForked ||= Math.max(this.#at, this.#cutoff ?? 0, this.#seen) > shared;
    await this.settle();
  }

  /** Leaves, and goes on behind what it has, maybe on another node, maybe of a log that has lost its newest part. */
  async cut(): Promise<void> {
    if (this.isOver) return;
    await this.#generator.return();
    this.#pending = undefined;
    const after = this.#lastCursor;
    this.#at = after === undefined ? 0 : parseCursor(after).place.position;
    this.#cutoff = after === undefined ? undefined : this.#at;
    const limit = this.#left === Infinity ? undefined : this.#left;
    this.#generator = this.#world.map.items({ ...this.#plan, limit, after });
    [this.#isStarted, this.#isForked, this.#seen] = [false, false, 0];
    await this.#judge();
  }

  /** Begins behind what the log doesn't have: at once, as a client that was cut off does. */
  async #judge(): Promise<void> {
    const after = this.#lastCursor;
    if (after === undefined || isKnown(this.#world, after) || this.#left === 0) return;
    await expect(this.#generator.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    this.#end();
  }

  async leave(): Promise<void> {
    await this.#generator.return();
  }

  #end(): void {
    this.isOver = true;
  }

  #expected(cutoff: number, floor: number): OracleItem | undefined {
    const { oracle } = this.#world;
    const isMine = ({ key }: { key: string }): boolean => passes(this.#plan.filter, key);
    const current = oracle.at(oracle.head);
    for (const upTo of [cutoff, floor]) {
      if (this.#at < upTo) this.#seen = oracle.head;
      const ahead = current.filter(({ position }) => position > this.#at && position <= upTo);
      const cached = ahead.find(isMine);
      const isLast = ahead.filter(isMine).length === 1;
      if (cached) {
        // It looks on to the next match, and what it passes over is not needed any more.
        this.#next = isLast
          ? upTo
          : before(
              ahead.filter(({ position }) => position > cached.position),
              isMine,
              cached.position,
            );
        return cached;
      }
      this.#at = Math.max(this.#at, upTo);
    }
    const live = oracle.changes.slice(this.#at).find((change) => change.item && isMine(change));
    if (live) this.#next = beforeBatch(oracle.changes.slice(live.position), isMine, live);
    else this.#at = oracle.head;
    return live?.item;
  }
}

/** The last position before the first one that is wanted. */
function before<T extends { position: number }>(
  list: readonly T[],
  isWanted: (each: T) => boolean,
  from: number,
): number {
  const wanted = list.findIndex(isWanted);
  return list.slice(0, wanted < 0 ? undefined : wanted).at(-1)?.position ?? from;
}

/** The same in the window, where a page ends with a batch if it can. */
function beforeBatch(
  list: readonly OracleChange[],
  isWanted: (each: OracleChange) => boolean,
  from: OracleChange,
): number {
  const wanted = list.find(isWanted);
  const isSameBatch = wanted?.batchEnd === from.batchEnd;
  const passed = list.filter(({ batchEnd }) => isSameBatch || batchEnd !== wanted?.batchEnd);
  return before(
    wanted && !isSameBatch ? passed.filter(({ position }) => position < wanted.position) : passed,
    isWanted,
    from.position,
  );
}

export class MirrorReader {
  readonly #world: World;
  readonly #plan: ReaderPlan;
  #generator: AsyncGenerator<ItemChanges<number>, void, void>;
  readonly #items = new Map<string, Item<number>>();
  #after: string | undefined;
  #isFirst = true;
  #isCaughtUp = false;
  #pending: Promise<IteratorResult<ItemChanges<number>, void>> | undefined;
  #isForked = false;
  #hasCome = false;
  /** Where it stands while it waits. */
  #head = 0;
  /** Whether the node has lost what it stands on. */
  #isLost = false;

  constructor(world: World, plan: ReaderPlan) {
    this.#world = world;
    this.#plan = plan;
    this.#generator = world.map.changes(plan);
  }

  async pull(): Promise<void> {
    if (!this.#pending) {
      this.#hasCome = false;
      this.#pending = this.#generator.next();
      this.#pending.then(
        () => (this.#hasCome = true),
        () => {},
      );
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    if (!this.#pending) return;
    // It may be an empty one, so that its cursor stays within the window.
    if (!this.#hasCome && !this.#owesMessage()) {
      this.#head = this.#world.oracle.head;
      return;
    }
    const { value } = await this.#pending;
    this.#pending = undefined;
    if (value) this.#apply(value);
  }

  async cut(): Promise<void> {
    await this.#generator.return();
    this.#pending = undefined;
    this.#isFirst = true;
    this.#isLost = false;
    await this.#begin();
  }

  /** The node has rebuilt its map from a log that is the same up to a position only. */
  async cross(shared: number): Promise<void> {
    if (this.#isFirst) return this.#begin();
    const { place, cutoff = place, seen = cutoff } = parseCursor(this.#after ?? '');
    const newest = Math.max(place.position, cutoff.position, seen.position);
    this.#isLost ||= (this.#pending ? this.#head : newest) > shared;
    await this.settle();
  }

  async #begin(): Promise<void> {
    this.#isForked = this.#after !== undefined && !isKnown(this.#world, this.#after);
    this.#generator = this.#world.map.changes({ ...this.#plan, after: this.#after });
    // At once, as a client that was cut off does: once the other history has left the window, it can't be told any more.
    if (this.#isForked) await this.pull();
  }

  async leave(): Promise<void> {
    await this.#generator.return();
  }

  /** Whether a message must come: at first, while there is more, and when something that concerns it has changed. */
  #owesMessage(): boolean {
    if (this.#isFirst || !this.#isCaughtUp || this.#isLost) return true;
    const { oracle } = this.#world;
    const { position } = parseCursor(this.#after ?? '').place;
    return oracle.changes.slice(position).some(({ key }) => passes(this.#plan.filter, key));
  }

  #apply(message: ItemChanges<number>): void {
    const { oracle } = this.#world;
    counted.deliveries++;
    const previous = this.#after === undefined ? undefined : parseCursor(this.#after);
    const { place, cutoff } = parseCursor(message.cursor);
    const keys = [...message.upserted, ...message.removed].map(({ key }) => key);
    expect(new Set(keys).size, 'G6: a key once').toBe(keys.length);
    expect(keys.length, 'G6: at most 1,000').toBeLessThanOrEqual(1000);
    expect(message.reset && !this.#isFirst ? this.#mayReset() : true, 'G5: a reset needs a lost removal').toBe(true);
    if (this.#isLost) expect(message.reset, 'G6: what was lost resets').toBe(true);
    if (this.#isFirst && (previous === undefined || this.#isForked))
      expect(message.reset, 'G6: the first resets').toBe(true);
    if (!message.reset && previous) expect(place.position).toBeGreaterThanOrEqual(previous.place.position);
    const end = oracle.changes[place.position - 1]?.batchEnd ?? place.position;
    const isLive = !cutoff && place.position > floorOf(this.#world) && !message.reset;
    if (isLive && keys.length > 0) expect(place.position, 'G6: no batch is divided').toBe(end);
    if (message.reset) this.#items.clear();
    for (const { key } of message.removed) this.#items.delete(key);
    for (const item of message.upserted) this.#items.set(item.key, item);
    this.#after = message.cursor;
    this.#isFirst = false;
    this.#isLost = false;
    this.#isCaughtUp = message.caughtUp;
    if (message.caughtUp) this.#checkWhole(message, place.position);
  }

  #checkWhole(message: ItemChanges<number>, position: number): void {
    const { oracle } = this.#world;
    // It was the head as the message was made, which may be a while ago.
    const truth = oracle.at(position).filter(({ key }) => passes(this.#plan.filter, key));
    const mine = [...this.#items.values()].map(({ key, value }) => ({ key, value }));
    expect(
      mine.sort((a, b) => (a.key < b.key ? -1 : 1)),
      'G6: exactly the map',
    ).toEqual(truth.map(({ key, value }) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1)));
    if (message.size === null) return;
    expect(message.size).toBe(truth.length);
    expect(message.checksum).toBe(checksumOf([...this.#items.values()]));
  }

  #mayReset(): boolean {
    if (this.#isLost) return true;
    const previous = parseCursor(this.#after ?? '');
    const from = Math.max(previous.place.position, previous.cutoff?.position ?? 0);
    return this.#world.oracle.changes.slice(from, floorOf(this.#world)).some(({ item }) => !item);
  }
}

/** Whether the log still has the history that a cursor stands on. Only such cursors are known to the oracle's map. */
function isKnown({ map }: World, cursor: string): boolean {
  const { epoch, place, cutoff = place, seen = cutoff } = parseCursor(cursor);
  if (epoch !== map.replica.epoch) return false;
  if (seen.position > map.replica.head.position) return false;
  return [place, cutoff, seen].every(({ position, digest }) => (map.replica.digestAt(position) ?? digest) === digest);
}
