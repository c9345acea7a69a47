/** A few seconds of writing and reading, recorded: what its writers and readers share. */
import type { Dice } from './dice.ts';
import type { Filter, History, Read, Recording, Write } from '../check/history.ts';
import { passes } from '../check/history.ts';
import type { NextNode } from '../../http-client/http-client.ts';

/** What a round starts from. */
export interface Ground {
  readonly next: NextNode;
  /** Of this run: random, for idempotency keys are remembered beyond it. */
  readonly runPrefix: string;
  readonly window: number;
  /** Silence after which what has to come is overdue, and how long a call is repeated. */
  readonly patienceMs: number;
  readonly isLimited: boolean;
  /** Whether the map is so large that readers of all of it would only read that. */
  readonly isCrowded: boolean;
}

const KEYS = 200;
/** More than one message of a mirror holds. */
const STILL_KEYS = 1200;

export class Round {
  readonly ground: Ground;
  readonly prefix: string;
  /** What the writers write to. */
  readonly keys: readonly string[];
  /** What stays as it is, so that there is a snapshot to be cut inside of. */
  readonly stillKeys: readonly string[];
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly histories: History[] = [];
  /** Of readers, also those still open. */
  deliveries = 0;
  /** The last insertions, once the writers have stopped: readers go on until they have them. */
  marker: readonly { readonly key: string; readonly cursor: string }[] | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #failed = new AbortController();
  #nextId = 0;

  constructor(ground: Ground, number: number) {
    this.ground = ground;
    this.prefix = `${ground.runPrefix}${number}-`;
    this.keys = Array.from({ length: KEYS }, (_, n) => `${this.prefix}k${n}`);
    this.stillKeys = Array.from({ length: STILL_KEYS }, (_, n) => `${this.prefix}still-${n}`);
  }

  get patienceMs(): number {
    return this.ground.patienceMs;
  }

  nextId(kind: string): string {
    return `${kind} ${this.prefix}${++this.#nextId}`;
  }

  /** Resolves when there is a marker. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(marker: readonly { readonly key: string; readonly cursor: string }[]): void {
    this.marker = marker;
    this.#ended.resolve();
  }

  /** Aborts when the round can't go on. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  fail(error: unknown): void {
    this.#failed.abort(error);
    this.#ended.resolve();
  }

  /** The newest change that a reader with this filter has to get. */
  lastFor(filter: Filter | null): string {
    let last = '';
    for (const { key, cursor } of this.marker ?? []) if (cursor > last && passes(filter, key)) last = cursor;
    return last;
  }

  /** Each lets some of the marker pass. */
  filter(dice: Dice): Filter | null {
    const kind = dice.next();
    if (kind < 0.25 && !this.ground.isCrowded) return null;
    if (kind < 0.65) return { keyPrefix: this.ground.runPrefix };
    if (kind < 0.8) return { keyPrefix: this.prefix };
    if (kind < 0.9) return { keyPrefix: `${this.prefix}k${dice.between(1, 9)}` };
    return { keys: Array.from({ length: dice.between(1, 20) }, () => dice.pick(this.keys)) };
  }

  recording(mayVanish: boolean): Recording {
    const { window, isLimited } = this.ground;
    return {
      keyPrefixes: [this.prefix],
      window,
      isLimited,
      mayVanish,
      writes: this.writes,
      reads: this.reads,
      histories: this.histories,
    };
  }
}
