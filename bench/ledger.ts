/**
 * What the writers know of the log, and so what a subscriber may have been passed over. Sound: what calls in flight would
 * explain is kept until they are answered, and only then judged.
 */
import { checksumPart } from '../src/verify/checksum.ts';

export type Say = (where: string, what: string) => void;

/** Of a long gap only so many positions are looked at: its first ones and others at random. */
const LOOKED_AT = 32;
const MAX_PENDING = 200_000;
const MAX_PARTS = 100_000;

export function positionOf(cursor: string): number {
  return parseInt(cursor.slice(cursor.indexOf('-') + 2), 36);
}

interface Skipped {
  readonly where: string;
  readonly position: number;
  /** Superseded or removed up to here it may be; beyond, it had to be delivered. */
  readonly upTo: number;
  readonly prefix: string;
}

export class Ledger {
  /** No head can be beyond this: every change that was asked for, answered or not. */
  asked = 0;
  violations = 0;
  readonly window: number;
  readonly examples: string[] = [];
  /** By position; a removal's bears none. */
  readonly #keys: (string | null | undefined)[] = [];
  /** By position: that of the next change of the key. */
  readonly #successors: number[] = [];
  readonly #newest = new Map<string, number>();
  readonly #parts = new Map<string, number>();
  #pending: Skipped[] = [];

  constructor(window: number) {
    this.window = window;
  }

  /** An answered change. Those of one key come in their order. */
  learn(key: string, cursor: string, isRemoval: boolean): void {
    const position = positionOf(cursor);
    this.#keys[position] = isRemoval ? null : key;
    const before = this.#newest.get(key);
    if (before !== undefined) this.#successors[before] = position;
    this.#newest.set(key, position);
  }

  say(where: string, what: string): void {
    this.violations++;
    if (this.examples.length < 10) this.examples.push(`${where}: ${what}`);
  }

  /** Changes up to here may have left the window, so that only current items are known of them. */
  get leftWindow(): number {
    return this.asked - this.window;
  }

  /** At this position stands this key, as far as is known. */
  agrees(position: number, key: string): boolean {
    const known = this.#keys[position];
    return known === undefined || known === key;
  }

  /** The subscriber got `to` next behind `from`: what is in between must have been superseded, if it stood before `currentUpTo`. */
  skipped(where: string, from: number, to: number, currentUpTo: number, prefix: string): void {
    const length = to - from - 1;
    for (let n = 0; n < Math.min(length, LOOKED_AT); n++) {
      const isNear = length <= LOOKED_AT || n < LOOKED_AT / 2;
      const position = from + 1 + (isNear ? n : Math.floor(Math.random() * length));
      this.#judge({ where, position, upTo: position <= currentUpTo ? this.asked : 0, prefix }, false);
    }
  }

  #judge(skipped: Skipped, isLast: boolean): void {
    const { where, position, upTo, prefix } = skipped;
    const key = this.#keys[position];
    if (key === null || (key !== undefined && !key.startsWith(prefix))) return;
    const successor = this.#successors[position];
    if (key !== undefined && successor !== undefined && successor <= upTo) return;
    // Never answered: nobody knows what it was.
    if (key === undefined && isLast) return;
    if (!isLast && this.#pending.length < MAX_PENDING && (key === undefined || upTo > 0)) this.#pending.push(skipped);
    else if (key !== undefined) this.say(where, `lost ${key} at position ${position}`);
  }

  /** All calls have been answered. */
  settle(): void {
    for (const skipped of this.#pending) this.#judge(skipped, true);
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

  /** Of the newest insertion that the prefix lets pass. */
  newest(prefix: string): number {
    let newest = 0;
    for (const [key, position] of this.#newest) {
      if (key.startsWith(prefix) && this.#keys[position] != null) newest = Math.max(newest, position);
    }
    return newest;
  }
}
