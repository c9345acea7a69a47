import { InterestIndex } from './interest-index.ts';
import type { LateWatches } from './late-watches.ts';
import type { NotedChange } from './noted-change.ts';
import { ValueIndex } from './value-index.ts';
import { keyPartName, type Watch } from './watch.ts';

/**
 * Finds the watches that a change may concern, first by its key, then by its values:
 *
 *     key ──▶ watches without conditions on values
 *         └─▶ value index of each key part ──▶ by pointer and value · the rest
 */
export class WatchIndex {
  readonly #byKey = new InterestIndex<Watch | ValueIndex>();
  /** By the names of their key parts. */
  readonly #valueIndexes = new Map<string, ValueIndex>();
  readonly #onLost: (watch: Watch) => void;

  /** `onLost` is called for a late watch that won't be tested with some changes. */
  constructor(onLost: (watch: Watch) => void = () => {}) {
    this.#onLost = onLost;
  }

  /** Where the watch is tested late, if it is. */
  add(watch: Watch): LateWatches | undefined {
    const { filter } = watch;
    if (!filter.where) {
      this.#byKey.add(filter, watch);
      return undefined;
    }
    const name = keyPartName(filter);
    let index = this.#valueIndexes.get(name);
    if (!index) {
      index = new ValueIndex(this.#onLost);
      this.#valueIndexes.set(name, index);
      this.#byKey.add(filter, index);
    }
    return index.add(watch, filter.where);
  }

  delete(watch: Watch): void {
    const { filter } = watch;
    if (!filter.where) return this.#byKey.delete(filter, watch);
    const name = keyPartName(filter);
    const index = this.#valueIndexes.get(name);
    index?.delete(watch, filter.where);
    if (!index?.isEmpty) return;
    this.#valueIndexes.delete(name);
    this.#byKey.delete(filter, index);
  }

  /** Visits each watch that the change may concern once, or the late watches that it is one of. */
  find(change: NotedChange, visit: (watch: Watch) => void, visitLate: (late: LateWatches) => void): void {
    this.#byKey.find(change.key, (found) => {
      if (!(found instanceof ValueIndex)) return visit(found);
      found.findEqual(change, visit);
      if (found.late.watches.size > 0) visitLate(found.late);
    });
  }
}
