/** Interest in a map of a few lines, whose late tests and passes advance only when a test says so. */
import { Interest } from '../../../src/core/interest/interest.ts';
import type { Listener, Watch } from '../../../src/core/interest/watch.ts';
import type { Change, Item } from '../../../src/core/model/change.ts';
import { ORIGIN, type Place, type Position } from '../../../src/core/model/position.ts';
import { checksumOf } from '../model/mirror.ts';
import { oracleMatches } from '../where/oracle.ts';
import type { GivenFilter } from './filters.ts';

interface MadeItem {
  readonly key: string;
  readonly value: unknown;
  readonly position: number;
  readonly cursor: string;
  readonly bytes: number;
}

interface MadeChange {
  readonly key: string;
  readonly position: number;
  readonly item: MadeItem | undefined;
  readonly superseded: MadeItem | undefined;
}

type Slice = (isOver: () => boolean) => void;

const placeAt = (position: number): Place => ({ position: position as Position, digest: 0 });

export class MadeMap {
  readonly interest: Interest;
  /** Those of the replica that is shown. */
  changes: MadeChange[] = [];
  /** Oldest first. */
  readonly #items = new Map<string, MadeItem>();
  readonly #deferred: Readonly<Record<'sums' | 'late', Slice[]>> = { sums: [], late: [] };
  #epoch = 0;

  constructor() {
    const items = {
      get: (key: string) => this.#items.get(key) as Item<unknown> | undefined,
      index: {
        from: (position: number) =>
          [...this.#items.values()].filter((item) => item.position > position) as unknown as Item<unknown>[],
      },
    };
    this.interest = new Interest({
      shown: () => ({ head: this.head, items }),
      deferSums: (slice) => void this.#deferred.sums.push(slice),
      deferLate: (slice) => void this.#deferred.late.push(slice),
    });
  }

  get head(): Place {
    return this.changes.length === 0 ? ORIGIN : placeAt(this.changes.length);
  }

  get isAtRest(): boolean {
    return this.#deferred.sums.length + this.#deferred.late.length === 0;
  }

  /** `before`: the head before the command, which several changes may have. */
  insert(key: string, value: unknown, bytes = 10, before = this.head): void {
    const position = this.changes.length + 1;
    const cursor = `${this.#epoch}-${position}`;
    this.#note(key, { key, value, position, cursor, bytes }, before);
  }

  remove(key: string): void {
    if (this.#items.has(key)) this.#note(key, undefined, this.head);
  }

  /** Another replica, with the same items but those that `keeps` drops. */
  showAnother(keeps: (key: string) => boolean): void {
    const before = this.head;
    const kept = [...this.#items.values()].filter(({ key }) => keeps(key));
    this.#epoch++;
    this.changes = [];
    this.#items.clear();
    for (const { key, value, bytes } of kept) {
      const position = this.changes.length + 1;
      const item = { key, value, position, cursor: `${this.#epoch}-${position}`, bytes };
      this.changes.push({ key, position, item, superseded: undefined });
      this.#items.set(key, item);
    }
    this.interest.showAnother(before);
  }

  /** Runs one slice, which ends when it has looked at its clock so often. */
  slice(kind: 'sums' | 'late', looks = Infinity): void {
    let left = looks;
    this.#deferred[kind].shift()?.(() => --left < 0);
  }

  matching(filter: GivenFilter): MadeItem[] {
    return [...this.#items.values()].filter((item) => isIn(filter, item));
  }

  #note(key: string, item: MadeItem | undefined, before: Place): void {
    const position = this.changes.length + 1;
    const superseded = this.#items.get(key);
    this.#items.delete(key);
    if (item) this.#items.set(key, item);
    this.changes.push({ key, position, item, superseded });
    const change = item ?? { key, position, reason: 'REMOVED' };
    this.interest.note(change as unknown as Change<unknown>, superseded as Item<unknown> | undefined, before);
  }
}

function isIn({ keys, prefix, where, given }: GivenFilter, item: MadeItem | undefined): boolean {
  if (!item || !item.key.startsWith(prefix) || keys?.has(item.key) === false) return false;
  return where === undefined || oracleMatches(item.value, given as Readonly<Record<string, unknown>>);
}

/** A listener that keeps what it is told, and can say whether that is right. */
export class MadeListener implements Listener {
  readonly filter: GivenFilter;
  readonly isMirror: boolean;
  readonly watch: Watch;
  readonly #map: MadeMap;
  #joinedAt: number;
  readonly #told: number[] = [];
  /** Everything after `before` up to `head` may be looked up. */
  readonly #woken: { readonly before: number; readonly head: number }[] = [];
  #problem: string | undefined;
  /** Whether it has been woken while its sum was known, or knew it from the start. */
  knowsSum: boolean;

  constructor(map: MadeMap, filter: GivenFilter, isMirror: boolean) {
    this.#map = map;
    this.filter = filter;
    this.isMirror = isMirror;
    this.watch = map.interest.listen(filter, this, isMirror);
    this.#joinedAt = map.changes.length;
    this.knowsSum = this.watch.isSumKnown;
  }

  /** How often it was woken. */
  get wakes(): number {
    return this.#woken.length;
  }

  get tells(): number {
    return this.#told.length;
  }

  concern(position: number, before: Place): void {
    const last = this.#told.at(-1) ?? 0;
    if (position <= last) this.#problem ??= `told of ${position} after ${last}`;
    if (before.position >= position) this.#problem ??= `${position} is not after ${before.position}`;
    this.#told.push(position);
  }

  wake(before: Place): void {
    this.watch.catchUp();
    if (this.watch.isSumKnown) this.knowsSum = true;
    this.#woken.push({ before: before.position, head: this.#map.changes.length });
  }

  /** Another replica is shown, and it reads that from the start. */
  startAgain(): void {
    this.#joinedAt = this.#map.changes.length;
    this.#told.length = 0;
    this.#woken.length = 0;
    this.knowsSum = this.watch.isSumKnown;
  }

  leave(): void {
    this.#map.interest.unlisten(this.watch, this);
  }

  /** What is wrong with what it was told and with its sum, once it is told of everything. */
  problem(): string | undefined {
    this.watch.catchUp();
    return this.#problem ?? this.#wrongNotes() ?? this.#wrongSum();
  }

  #wrongNotes(): string | undefined {
    const told = new Set(this.#told);
    const early = this.#told.find((position) => position <= this.#joinedAt);
    if (early !== undefined) return `told of ${early}, when it has joined at ${this.#joinedAt}`;
    for (const { position, item, superseded } of this.#map.changes.slice(this.#joinedAt)) {
      const isConcerned = isIn(this.filter, item) || isIn(this.filter, superseded);
      const isTold = told.has(position);
      const isWoken = this.#woken.some(({ before, head }) => before < position && position <= head);
      if (!isConcerned && isTold) return `told of ${position}, which does not concern it`;
      if (isConcerned && !isTold && !isWoken) return `not told of ${position}`;
    }
    return undefined;
  }

  #wrongSum(): string | undefined {
    const { sum, isSumKnown } = this.watch;
    if (!this.isMirror || !isSumKnown || !sum) return undefined;
    const items = this.#map.matching(this.filter);
    const wanted = `${items.length} ${checksumOf(items)}`;
    const known = `${sum.size} ${sum.checksum}`;
    return known === wanted ? undefined : `the sum is ${known}, not ${wanted}`;
  }
}
