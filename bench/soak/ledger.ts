/**
 * Records what the writers know of the log, and checks what subscribers were not sent. A skipped position that a call in flight may explain
 * is judged only after that call is answered.
 */
import { checksumPart } from '../../src/verify/check/checksum.ts';
import type { Selection, Status } from './selection.ts';

/** Of a long gap only this many positions are checked: the first ones, and others at random. */
const LOOKED_AT = 32;
const SIFTED_AT = 10_000;
const MAX_PARTS = 100_000;

export function positionOf(cursor: string): number {
  return parseInt(cursor.slice(cursor.indexOf('-') + 2), 36);
}

interface Skipped {
  readonly where: string;
  readonly position: number;
  /** It may be missing if it was superseded or removed up to this position. 0: it had to be delivered. */
  readonly upTo: number;
  readonly selection: Selection;
}

export class Ledger {
  /** An upper bound of the head: the number of changes that were requested, answered or not. */
  asked = 0;
  violations = 0;
  readonly window: number;
  readonly examples: string[] = [];
  /** Keys by position; null for a removal. */
  readonly #keys: (string | null | undefined)[] = [];
  /** The statuses of insertions, by position. */
  readonly #statuses: (Status | undefined)[] = [];
  /** By position: the position of the next change of the same key. */
  readonly #successors: number[] = [];
  readonly #newest = new Map<string, number>();
  readonly #parts = new Map<string, number>();
  #pending: Skipped[] = [];
  #siftAt = SIFTED_AT;

  constructor(window: number) {
    this.window = window;
  }

  /** Records an answered change. Changes of one key come in their order. */
  learn(key: string, cursor: string, isRemoval: boolean, status?: Status): void {
    const position = positionOf(cursor);
    this.#keys[position] = isRemoval ? null : key;
    if (status !== undefined) this.#statuses[position] = status;
    const before = this.#newest.get(key);
    if (before !== undefined) this.#successors[before] = position;
    this.#newest.set(key, position);
  }

  say(where: string, what: string): void {
    this.violations++;
    if (this.examples.length < 10) this.examples.push(`${where}: ${what}`);
  }

  /** Changes up to this position may have left the window, so that a reader may get current items only. */
  get leftWindow(): number {
    return this.asked - this.window;
  }

  /** Whether the key may be the one at this position. */
  agrees(position: number, key: string): boolean {
    const known = this.#keys[position];
    return known === undefined || known === key;
  }

  /** Whether an insertion under the key, which the selection leaves out, may be at this position. */
  mayBeUnmatched(position: number, key: string, selection: Selection): boolean {
    const known = this.#keys[position];
    return known === undefined || (known === key && !selection.passes(key, this.#statuses[position]));
  }

  /** The subscriber received `to` right after `from`. Positions in between, up to `currentUpTo`, must have been superseded. */
  skipped(where: string, from: number, to: number, currentUpTo: number, selection: Selection): void {
    const length = to - from - 1;
    for (let n = 0; n < Math.min(length, LOOKED_AT); n++) {
      const isNear = length <= LOOKED_AT || n < LOOKED_AT / 2;
      const position = from + 1 + (isNear ? n : Math.floor(Math.random() * length));
      this.#pending.push({ where, position, upTo: position <= currentUpTo ? this.asked : 0, selection });
    }
    if (this.#pending.length >= this.#siftAt) this.#sift();
  }

  /** Whether a skipped position is right. Undefined: no answered call decides it yet. */
  #judge({ position, upTo, selection }: Skipped): boolean | undefined {
    const key = this.#keys[position];
    if (key === undefined) return undefined;
    if (key === null || !selection.passes(key, this.#statuses[position])) return true;
    const successor = this.#successors[position];
    if (upTo === 0 || (successor !== undefined && successor > upTo)) return false;
    return successor === undefined ? undefined : true;
  }

  /** Judges all pending positions and keeps those that calls in flight may explain. */
  #sift(): void {
    this.#pending = this.#pending.filter((skipped) => {
      const verdict = this.#judge(skipped);
      if (verdict === false) this.#lost(skipped);
      return verdict === undefined;
    });
    this.#siftAt = Math.max(SIFTED_AT, this.#pending.length * 2);
  }

  #lost({ where, position }: Skipped): void {
    this.say(where, `lost ${this.#keys[position]} at position ${position}`);
  }

  /** Judges the rest, once all calls have been answered. */
  settle(): void {
    this.#sift();
    // A position whose call was never answered cannot be judged.
    for (const skipped of this.#pending) if (this.#keys[skipped.position] !== undefined) this.#lost(skipped);
    this.#pending = [];
  }

  partOf(key: string, cursor: string): number {
    let part = this.#parts.get(cursor);
    if (part === undefined) {
      if (this.#parts.size >= MAX_PARTS) this.#parts.clear();
      part = checksumPart({ key, cursor });
      this.#parts.set(cursor, part);
    }
    return part;
  }

  /** The position of the newest insertion that the selection lets pass. */
  newest(selection: Selection): number {
    let newest = 0;
    for (const [key, position] of this.#newest) {
      const isThere = this.#keys[position] != null;
      if (isThere && selection.passes(key, this.#statuses[position])) newest = Math.max(newest, position);
    }
    return newest;
  }
}
