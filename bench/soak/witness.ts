/** Checks everything that one subscriber receives, across its cuts and resumes, and reports broken guarantees. */
import { type Ledger, positionOf } from './ledger.ts';
import type { Selection, Status } from './selection.ts';

export interface Entry {
  readonly key: string;
  readonly cursor: string;
  /** The still items have numbers. */
  readonly value: { readonly status: Status } | number;
}

interface Removed {
  readonly key: string;
  readonly cursor: string;
  readonly reason: string;
}

const statusOf = ({ value }: Entry): Status | undefined => (typeof value === 'number' ? undefined : value.status);

export interface Changes {
  readonly reset: boolean;
  readonly caughtUp: boolean;
  readonly cursor: string;
  readonly follows: string | null;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly upserted: readonly Entry[];
  readonly removed: readonly Removed[];
}

export interface Witness<Result> {
  /** The cursor to resume after; undefined before the first delivery. */
  readonly cursor: string | undefined;
  take(result: Result): void;
  /** The subscriber was cut and will resume after its cursor. */
  resume(): void;
  /** Whether it has received everything, once nothing is written any more. */
  isComplete(): boolean;
}

/** Checks `items`: G1 to G5. */
export class ItemsWitness implements Witness<Entry> {
  cursor: string | undefined;
  readonly #where: string;
  readonly #ledger: Ledger;
  readonly #selection: Selection;
  #at = 0;
  /** An upper bound of the subscription's cutoff. */
  #cutoff: number | undefined;

  constructor(where: string, ledger: Ledger, selection: Selection) {
    this.#where = where;
    this.#ledger = ledger;
    this.#selection = selection;
  }

  take(item: Entry): void {
    const { key, cursor } = item;
    const [where, ledger] = [this.#where, this.#ledger];
    this.#cutoff ??= ledger.asked;
    const position = positionOf(cursor);
    if (position <= this.#at || (this.cursor !== undefined && cursor <= this.cursor))
      ledger.say(where, `got ${key} at ${cursor} after ${this.cursor}`);
    if (!this.#selection.passes(key, statusOf(item))) ledger.say(where, `got ${key}, which its filter leaves out`);
    if (!ledger.agrees(position, key)) ledger.say(where, `got ${key} at ${cursor}, which is the cursor of another key`);
    ledger.skipped(where, this.#at, position, Math.max(this.#cutoff, ledger.leftWindow), this.#selection);
    this.#at = position;
    this.cursor = cursor;
  }

  /** Everything after an item's cursor is live. */
  resume(): void {
    this.#cutoff = this.cursor === undefined ? undefined : this.#at;
  }

  isComplete(): boolean {
    return this.#at === this.#ledger.newest(this.#selection);
  }
}

/** Checks `itemChanges` by keeping the mirror that a client would: G6. */
export class ChangesWitness implements Witness<Changes> {
  cursor: string | undefined;
  readonly #where: string;
  readonly #ledger: Ledger;
  readonly #selection: Selection;
  readonly #items = new Map<string, string>();
  #sum = 0;
  #at = 0;
  #isFirst = true;
  #caughtUp = false;

  constructor(where: string, ledger: Ledger, selection: Selection) {
    this.#where = where;
    this.#ledger = ledger;
    this.#selection = selection;
  }

  take(message: Changes): void {
    const { reset, upserted, removed, cursor, caughtUp } = message;
    const say = (what: string): void => this.#ledger.say(this.#where, what);
    const isNew = this.#isFirst && this.cursor === undefined;
    if (isNew && !reset) say('began without a reset');
    if (reset && !isNew && this.#at >= this.#ledger.leftWindow) say(`was reset at ${cursor} within the window`);
    this.#checkFollows(message, say);
    if (reset) {
      this.#items.clear();
      Object.assign(this, { cursor: undefined });
      this.#sum = 0;
      this.#at = 0;
    }
    this.#isFirst = false;
    const position = positionOf(cursor);
    if (position < this.#at) say(`the message at ${cursor} comes after ${this.cursor}`);
    const keys = new Set<string>();
    for (const entries of [removed, upserted]) {
      let before = this.#at;
      for (const entry of entries) {
        const at = positionOf(entry.cursor);
        if (at <= before || at > position)
          say(`got ${entry.key} at ${entry.cursor} after ${before}, in the message at ${cursor}`);
        before = at;
        keys.add(entry.key);
        this.#set(entry, entries === upserted);
      }
    }
    for (const item of upserted)
      if (!this.#selection.passes(item.key, statusOf(item))) say(`got ${item.key}, which its filter leaves out`);
    for (const { key, cursor, reason } of removed) {
      const { keyPrefix = '' } = this.#selection.filter ?? {};
      if (!key.startsWith(keyPrefix)) say(`was told of ${key}, which its filter leaves out`);
      if (reason === 'UNMATCHED' && !this.#ledger.mayBeUnmatched(positionOf(cursor), key, this.#selection))
        say(`was told at ${cursor} that ${key} is UNMATCHED, although it matches`);
    }
    if (keys.size !== removed.length + upserted.length || keys.size > 1000)
      say(`the message at ${cursor} has ${removed.length + upserted.length} entries of ${keys.size} keys`);
    this.cursor = cursor;
    this.#at = position;
    this.#caughtUp = caughtUp;
    if (caughtUp) this.#prove(message, say);
  }

  /** A message that follows more than this mirror has shows that another one was lost. */
  #checkFollows({ reset, follows, cursor }: Changes, say: (what: string) => void): void {
    if ((follows === null) !== reset || (follows !== null && this.cursor !== undefined && follows > this.cursor))
      say(`the message at ${cursor} follows ${follows}, after ${this.cursor}`);
  }

  #set({ key, cursor }: { readonly key: string; readonly cursor: string }, exists: boolean): void {
    const before = this.#items.get(key);
    if (before !== undefined) this.#sum -= this.#ledger.partOf(key, before);
    if (exists) {
      this.#sum += this.#ledger.partOf(key, cursor);
      this.#items.set(key, cursor);
    } else this.#items.delete(key);
  }

  #prove({ size, checksum, cursor }: Changes, say: (what: string) => void): void {
    const own = (((this.#sum % 2 ** 32) + 2 ** 32) % 2 ** 32).toString(16).padStart(8, '0');
    if (size !== this.#items.size || checksum !== own)
      say(
        `at ${cursor} the mirror has ${this.#items.size} items with checksum ${own}, the server ${size} with ${checksum}`,
      );
  }

  resume(): void {
    this.#caughtUp = false;
  }

  isComplete(): boolean {
    return this.#caughtUp && this.#at >= this.#ledger.newest(this.#selection);
  }
}
