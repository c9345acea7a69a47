import { type Change, isRemoval, type Item } from '../model/change.ts';
import { itemHash } from '../model/hash.ts';
import type { Place, Position } from '../model/position.ts';

/** A change while the watches that it concerns are searched. Values are parsed once for all of them, and hashes are computed for sums only. */
export class NotedChange {
  readonly key: string;
  readonly position: Position;
  /** The head before its command. */
  readonly before: Place;
  /** Undefined for a removal. */
  readonly item: Item<unknown> | undefined;
  /** What it has replaced or removed. */
  readonly superseded: Item<unknown> | undefined;
  #value: unknown;
  #supersededValue: unknown;
  #hash: number | undefined;
  #supersededHash: number | undefined;

  constructor(change: Change<unknown>, superseded: Item<unknown> | undefined, before: Place) {
    this.key = change.key;
    this.position = change.position;
    this.before = before;
    this.item = isRemoval(change) ? undefined : change;
    this.superseded = superseded;
  }

  /** Of the item; undefined, which JSON doesn't have, for a removal. */
  get value(): unknown {
    return (this.#value ??= this.item?.value);
  }

  /** Of the superseded item. */
  get supersededValue(): unknown {
    return (this.#supersededValue ??= this.superseded?.value);
  }

  get hash(): number {
    return (this.#hash ??= this.item ? itemHash(this.item) : 0);
  }

  get supersededHash(): number {
    return (this.#supersededHash ??= this.superseded ? itemHash(this.superseded) : 0);
  }

  /** Of the values, as JSON. */
  get bytes(): number {
    return (this.item?.bytes ?? 0) + (this.superseded?.bytes ?? 0);
  }
}
