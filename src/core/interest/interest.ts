/**
 * Finds the listeners that a change concerns, so that a change costs what these cost, and not what all that are there would cost:
 *
 *     apply ──▶ change ──▶ index ──▶ watches whose filter the new or the superseded item passes ──▶ their listeners
 *
 * A **watch** stands for one distinct filter. A listener is a generator that waits, or a group of the fan-out. A listener that no change
 * concerned since it had everything still has everything: it stands at the head without being visited.
 */
import { IdleMirrors } from './idle-mirrors.ts';
import { isEveryItem, type ItemFilter } from '../input/item-filter.ts';
import type { Item, Change } from '../model/change.ts';
import { type Defer, FirstSums, type ShownItems } from './first-sums.ts';
import type { LateWatches } from './late-watches.ts';
import { NotedChange } from './noted-change.ts';
import type { Place } from '../model/position.ts';
import { filterName, type Listener, Watch } from './watch.ts';
import { WatchIndex } from './watch-index.ts';

export interface InterestOptions {
  /** The replica that is shown. */
  readonly shown: () => ShownItems;
  /** Calls a slice of a long pass over the map later. */
  readonly deferSums: Defer;
  /** Calls a slice of late tests soon. */
  readonly deferLate: Defer;
}

export class Interest {
  /** Mirrors that wait. */
  readonly idle = new IdleMirrors();
  readonly #sums: FirstSums;
  readonly #deferLate: Defer;
  readonly #watches = new Map<string, Watch>();
  readonly #index = new WatchIndex((watch) => this.#sums.renew(watch));
  /** Those with changes that wait. */
  readonly #late = new Set<LateWatches>();

  constructor({ shown, deferSums, deferLate }: InterestOptions) {
    this.#sums = new FirstSums(shown, deferSums);
    this.#deferLate = deferLate;
  }

  /**
   * The listener is told of changes from now on. Takes O(length of the filter). `isMirror`: the listener needs size and checksum of what passes
   * the filter. `name`: of the filter, if it is known.
   */
  listen(filter: ItemFilter, listener: Listener, isMirror = false, name = filterName(filter)): Watch {
    const watch = this.#watches.get(name) ?? this.#add(new Watch(name, filter));
    watch.catchUp();
    if (isMirror && !isEveryItem(filter)) this.#sums.want(watch);
    watch.add(listener);
    return watch;
  }

  /** Undoes `listen`. To be called once. */
  unlisten(watch: Watch, listener: Listener): void {
    this.idle.delete(listener);
    watch.delete(listener);
    if (!watch.isUnused) return;
    this.#watches.delete(watch.name);
    this.#index.delete(watch);
    this.#sums.forget(watch);
  }

  /**
   * To be called for each change of the replica that is shown, while it is applied. `superseded`: the item that it has replaced or removed.
   * `before`: the head before its command.
   */
  note(change: Change<unknown>, superseded: Item<unknown> | undefined, before: Place): void {
    if (this.#watches.size === 0) return;
    const noted = new NotedChange(change, superseded, before);
    this.#index.find(
      noted,
      (watch) => watch.note(noted),
      (late) => this.#noteLate(late, noted),
    );
  }

  /** Wakes every listener. `before`: where those that had everything stood. */
  wakeAll(before: Place): void {
    for (const watch of this.#watches.values()) watch.catchUp();
    for (const watch of this.#watches.values()) watch.visit((listener) => listener.wake(before));
  }

  /** Another replica is shown. `before`: where those that had everything stood in the one before. */
  showAnother(before: Place): void {
    // Changes that wait are those of the replica before.
    for (const late of this.#late) late.giveUp();
    this.#sums.restart(this.#watches.values());
    this.wakeAll(before);
  }

  #add(watch: Watch): Watch {
    this.#watches.set(watch.name, watch);
    const late = this.#index.add(watch);
    late?.begin(watch);
    watch.late = late;
    return watch;
  }

  #noteLate(late: LateWatches, noted: NotedChange): void {
    late.note(noted);
    if (this.#late.size === 0) this.#testLater();
    this.#late.add(late);
  }

  #testLater(): void {
    this.#deferLate((isOver) => {
      for (const late of this.#late) {
        if (!late.advance(isOver)) return this.#testLater();
        this.#late.delete(late);
      }
    });
  }
}
