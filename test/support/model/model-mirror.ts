/** The mirrors of the model-based tests: each checks every message against the oracle, and its map when it has caught up. */
import { expect } from 'vitest';
import type { Item, ItemChanges } from '../../../src/core/model/change.ts';
import { parseCursor } from '../../../src/core/model/cursor.ts';
import { passes } from '../../../src/core/input/key-filter.ts';
import { checksumOf } from './mirror.ts';
import { counted, floorOf, isKnown, type ReaderPlan, soon, type World } from './model-world.ts';

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
  /** Its position while it waits. */
  #head = 0;
  /** Whether the node has lost changes that it has received. */
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
    // The message may be empty: it keeps the cursor within the window.
    if (!this.#hasCome && !this.#owesMessage()) {
      this.#head = this.#world.oracle.head;
      return;
    }
    const { value } = await soon(this.#pending);
    this.#pending = undefined;
    if (value) this.#apply(value);
  }

  async cut(): Promise<void> {
    // Its cursor belongs to a lost history. Once that has left the window, the cursor no longer shows it.
    if (this.#isLost) this.#after = undefined;
    await this.#generator.return();
    this.#pending = undefined;
    this.#isFirst = true;
    this.#isLost = false;
    await this.#begin();
  }

  /** The node has rebuilt its map from a log that agrees only up to a position. */
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
    // At once, as a client whose connection was cut: the lost history is only detectable within the window.
    if (this.#isForked) await this.pull();
  }

  async leave(): Promise<void> {
    await this.#generator.return();
  }

  /** Whether a message must come: at the start, while more follows, and when a matching change has happened. */
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
    // The cursor was the head when the message was made, perhaps some commands ago.
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
