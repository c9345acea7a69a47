import { createHash } from 'node:crypto';
import { isEveryItem, type ItemFilter } from '../input/item-filter.ts';
import { type Held, visitEach, withoutValue, withValue } from './held-values.ts';
import type { Place, Position } from '../model/position.ts';
import type { NotedChange } from './noted-change.ts';
import type { RunningSum } from './running-sum.ts';

/** Waits for the changes that concern a filter. Its methods are called inside `apply`: they take note, and read nothing. They never throw. */
export interface Listener {
  /**
   * The change at `position` concerns the filter: its item passes, or the one that it has superseded did. `before`: the head before its
   * command, where everything older has been read.
   */
  concern(position: Position, before: Place): void;
  /** Something else has happened that the listener must see: another replica is shown, the map is closed, its cursor grows old. */
  wake(before: Place): void;
}

/** Tests watches later than changes are applied. */
export interface LateTests {
  /** Returns whether the watch was late. */
  catchUp(watch: Watch): boolean;
}

/** Of a name, before it is hashed: a filter may have half a megabyte of keys. */
const MAX_NAME_LENGTH = 256;

/** One distinct filter, however many listeners it has. */
export class Watch {
  readonly name: string;
  readonly filter: ItemFilter;
  /** While mirrors use the watch, and the filter excludes anything. */
  sum: RunningSum | undefined;
  /** Where the watch is tested some time after a change is applied. */
  late: LateTests | undefined;
  /** The number of changes that `late` had noted when the watch was tested last. */
  noted = 0;
  #listeners: Held<Listener> | undefined;

  constructor(name: string, filter: ItemFilter) {
    this.name = name;
    this.filter = filter;
  }

  get isUnused(): boolean {
    return this.#listeners === undefined;
  }

  /** Whether size and checksum are known. To be caught up. */
  get isSumKnown(): boolean {
    return isEveryItem(this.filter) || this.sum?.isWhole === true;
  }

  add(listener: Listener): void {
    this.#listeners = withValue(this.#listeners, listener);
  }

  /** The listener must have been added. */
  delete(listener: Listener): void {
    if (this.#listeners) this.#listeners = withoutValue(this.#listeners, listener);
  }

  visit(visit: (listener: Listener) => void): void {
    if (this.#listeners) visitEach(this.#listeners, visit);
  }

  /**
   * Tells the listeners of everything that is applied. To be called before a listener begins to stand at the head, and before
   * anything of the watch is read. Returns whether the watch was late.
   */
  catchUp(): boolean {
    return this.late?.catchUp(this) === true;
  }

  /** The key of the change passes the filter. */
  note(change: NotedChange): void {
    const { where } = this.filter;
    const isIn = change.item !== undefined && (where === undefined || where.matches(change.value));
    const wasIn = change.superseded !== undefined && (where === undefined || where.matches(change.supersededValue));
    if (!isIn && !wasIn) return;
    this.sum?.note(change, wasIn, isIn);
    const { position, before } = change;
    this.visit((listener) => listener.concern(position, before));
  }
}

/** A text of bounded length, equal for equal filters only. */
export function filterName({ keys, prefix, where }: ItemFilter): string {
  const keyPart = keyPartName({ keys, prefix });
  return where ? shortName(`${keyPart} ${where.name}`) : keyPart;
}

/** The name of the filter without its conditions on values. */
export function keyPartName({ keys, prefix }: Pick<ItemFilter, 'keys' | 'prefix'>): string {
  return shortName(JSON.stringify(keys ? [prefix, ...keys] : prefix));
}

/** A text of bounded length, equal for equal texts only. */
export function shortName(text: string): string {
  return text.length > MAX_NAME_LENGTH ? createHash('sha256').update(text).digest('base64') : text;
}
