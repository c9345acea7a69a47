/**
 * Finds the listeners that a change concerns, so that a change costs what these cost, and not what all that are there would cost:
 *
 *     apply ──▶ change ──▶ index ──▶ watches whose filter passes its key ──▶ their listeners
 *
 * A **watch** stands for one distinct filter. A listener is a generator that waits, or a group of the fan-out. A listener that no change
 * concerned since it had everything still has everything: it stands at the head without being visited.
 */
import { InterestIndex } from './interest-index.ts';
import { IdleMirrors } from './idle-mirrors.ts';
import type { KeyFilter } from '../input/key-filter.ts';
import type { Change } from '../model/change.ts';
import type { Place } from '../model/position.ts';
import { filterName, type Listener, Watch } from './watch.ts';

export class Interest {
  /** Mirrors that wait. */
  readonly idle = new IdleMirrors();
  readonly #watches = new Map<string, Watch>();
  readonly #index = new InterestIndex<Watch>();

  /** The listener is told of changes from now on. Takes O(length of the filter). */
  listen(filter: KeyFilter, listener: Listener): Watch {
    const name = filterName(filter);
    let watch = this.#watches.get(name);
    if (!watch) {
      watch = new Watch(name, filter);
      this.#watches.set(name, watch);
      this.#index.add(filter, watch);
    }
    watch.add(listener);
    return watch;
  }

  /** Undoes `listen`. To be called once. */
  unlisten(watch: Watch, listener: Listener): void {
    this.idle.delete(listener);
    watch.delete(listener);
    if (!watch.isUnused) return;
    this.#watches.delete(watch.name);
    this.#index.delete(watch.filter, watch);
  }

  /** To be called for each change of the replica that is shown, while it is applied. `before`: the head before its command. */
  note({ key, position }: Change<unknown>, before: Place): void {
    const concern = (listener: Listener): void => listener.concern(position, before);
    this.#index.find(key, (watch) => watch.visit(concern));
  }

  /** Wakes every listener. `before`: where those that had everything stood. */
  wakeAll(before: Place): void {
    for (const watch of this.#watches.values()) watch.visit((listener) => listener.wake(before));
  }
}
