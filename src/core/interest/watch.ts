import { createHash } from 'node:crypto';
import type { KeyFilter } from '../input/key-filter.ts';
import { type Held, visitEach, withoutValue, withValue } from './held-values.ts';
import type { Place, Position } from '../model/position.ts';

/** Waits for the changes that a filter passes. Its methods are called inside `apply`: they take note, and read nothing. They never throw. */
export interface Listener {
  /** The change at `position` passes the filter. `before`: the head before its command, where everything older has been read. */
  concern(position: Position, before: Place): void;
  /** Something else has happened that the listener must see: another replica is shown, the map is closed, its cursor grows old. */
  wake(before: Place): void;
}

/** Of a name, before it is hashed: a filter may have half a megabyte of keys. */
const MAX_NAME_LENGTH = 256;

/** One distinct filter, however many listeners it has. */
export class Watch {
  readonly name: string;
  readonly filter: KeyFilter;
  #listeners: Held<Listener> | undefined;

  constructor(name: string, filter: KeyFilter) {
    this.name = name;
    this.filter = filter;
  }

  get isUnused(): boolean {
    return this.#listeners === undefined;
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
}

/** A text of bounded length, equal for equal filters only. */
export function filterName({ keys, prefix }: KeyFilter): string {
  return shortName(JSON.stringify(keys ? [prefix, ...keys] : prefix));
}

/** A text of bounded length, equal for equal texts only. */
export function shortName(text: string): string {
  return text.length > MAX_NAME_LENGTH ? createHash('sha256').update(text).digest('base64') : text;
}
