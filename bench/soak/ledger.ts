/**
 * What the writers know of the log, and so what a subscriber may have been passed over. Sound: what calls in flight would
 * explain is kept until they are answered, and only then judged.
 */
import { checksumPart } from '../../src/verify/check/checksum.ts';

/** Of a long gap only so many positions are looked at: its first ones and others at random. */
const LOOKED_AT = 32;
const SIFTED_AT = 10_000;
const MAX_PARTS = 100_000;

export function positionOf(cursor: string): number {
  return parseInt(cursor.slice(cursor.indexOf('-') + 2), 36);
}

interface Skipped {
  readonly where: string;
  readonly position: number;
  /** Superseded or removed up to here it may be; beyond, it had to be delivered. 0: it had to be. */
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
  #siftAt = SIFTED_AT;

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
      this.#pending.push({ where, position, upTo: position <= currentUpTo ? this.asked : 0, prefix });
    }
    if (this.#pending.length >= this.#siftAt) this.#sift();
  }

  /** Undefined: no answered call explains it yet. */
  #judge({ position, upTo, prefix }: Skipped): boolean | undefined {
    const key = this.#keys[position];
    if (key === undefined) return undefined;
    if (key === null || !key.startsWith(prefix)) return true;
    const successor = this.#successors[position];
    if (upTo === 0 || (successor !== undefined && successor > upTo)) return false;
    return successor === undefined ? undefined : true;
  }

  /** Keeps what calls in flight may explain. */
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

  /** All calls have been answered. */
  settle(): void {
    this.#sift();
    // Of what was never answered nobody knows what it was.
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

  /** Of the newest insertion that the prefix lets pass. */
  newest(prefix: string): number {
    let newest = 0;
    for (const [key, position] of this.#newest) {
      if (key.startsWith(prefix) && this.#keys[position] != null) newest = Math.max(newest, position);
    }
    return newest;
  }
}
