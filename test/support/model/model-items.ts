/** The `items` readers of the model-based tests: each gets its next items from the oracle, and checks the delivered ones against them. */
import { expect } from 'vitest';
import type { Item } from '../../../src/core/model/change.ts';
import { parseCursor } from '../../../src/core/model/cursor.ts';
import { passes } from '../../../src/core/input/key-filter.ts';
import { counted, floorOf, isKnown, type ReaderPlan, soon, type World } from './model-world.ts';
import type { OracleChange, OracleItem } from './oracle.ts';

export class ItemsReader {
  readonly #world: World;
  readonly #plan: ReaderPlan;
  #generator: AsyncGenerator<Item<number>, void, void>;
  /** Undefined until the first pull, which takes the cutoff. */
  #cutoff: number | undefined;
  #at = 0;
  /** Its position after the expected items. */
  #next = 0;
  #left: number;
  /** The newest head that it has seen while it got current items only. */
  #seen = 0;
  #lastCursor: string | undefined;
  #pending: Promise<IteratorResult<Item<number>, void>> | undefined;
  /** Whether the node has lost changes that it has received. */
  #isForked = false;
  #isStarted = false;
  /** Whether it has everything: then it stands at the head until a change concerns it, and does not lag. */
  #isSettled = false;
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
    // It may reject before it is awaited.
    this.#pending.catch(() => {});
    await this.settle();
  }

  /** To be called after each command: a waiting reader gets the new items. */
  async settle(): Promise<void> {
    if (!this.#pending || this.isOver) return;
    if (this.#isForked && this.#left > 0) {
      if (this.#lastCursor !== undefined) {
        await expect(soon(this.#pending)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
        return this.#end();
      }
      // It has received nothing, and starts again at the new head.
      [this.#at, this.#seen, this.#cutoff, this.#isForked] = [0, 0, this.#world.oracle.head, false];
    }
    if (this.#isSettled && !this.#isConcerned()) {
      this.#at = this.#world.oracle.head;
      return;
    }
    this.#isSettled = false;
    const cutoff = this.#cutoff ?? 0;
    const floor = floorOf(this.#world);
    if (this.#left > 0 && this.#plan.onLag === 'FAIL' && floor > Math.max(this.#at, cutoff)) {
      const cursor = this.#lastCursor;
      const missed = floor - Math.max(this.#at, cutoff);
      await expect(soon(this.#pending)).rejects.toMatchObject({ code: 'LAGGED', missed, ...(cursor && { cursor }) });
      return this.#end();
    }
    const expected = this.#left > 0 ? this.#expected(cutoff, floor) : undefined;
    this.#isSettled = this.#left > 0 && !expected;
    if (this.#isSettled) return;
    const { value, done } = await soon(this.#pending);
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

  /** The node has rebuilt its map from a log that agrees only up to a position. */
  async cross(shared: number): Promise<void> {
    if (this.isOver) return;
    if (!this.#isStarted) return this.#judge();
    this.#isSettled = false;
    this.#isForked ||= Math.max(this.#at, this.#cutoff ?? 0, this.#seen) > shared;
    await this.settle();
  }

  /** Leaves, and resumes after its last cursor, perhaps on another node, perhaps with a log that has lost its newest entries. */
  async cut(): Promise<void> {
    if (this.isOver) return;
    await this.#generator.return();
    this.#pending = undefined;
    const after = this.#lastCursor;
    this.#at = after === undefined ? 0 : parseCursor(after).place.position;
    this.#cutoff = after === undefined ? undefined : this.#at;
    const limit = this.#left === Infinity ? undefined : this.#left;
    this.#generator = this.#world.map.items({ ...this.#plan, limit, after });
    [this.#isStarted, this.#isForked, this.#isSettled, this.#seen] = [false, false, false, 0];
    await this.#judge();
  }

  /** Resumes at once after a cursor that the log has lost, as a client whose connection was cut does. */
  async #judge(): Promise<void> {
    const after = this.#lastCursor;
    if (after === undefined || isKnown(this.#world, after) || this.#left === 0) return;
    await expect(soon(this.#generator.next())).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    this.#end();
  }

  async leave(): Promise<void> {
    await this.#generator.return();
  }

  #isConcerned(): boolean {
    return this.#world.oracle.changes.slice(this.#at).some(({ key }) => passes(this.#plan.filter, key));
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
        // It reads up to the next match, so it no longer needs the items in between.
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

/** The last position before the first match. */
function before<T extends { position: number }>(
  list: readonly T[],
  isWanted: (each: T) => boolean,
  from: number,
): number {
  const wanted = list.findIndex(isWanted);
  return list.slice(0, wanted < 0 ? undefined : wanted).at(-1)?.position ?? from;
}

/** The same in the window, where a page ends with a batch when it can. */
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
