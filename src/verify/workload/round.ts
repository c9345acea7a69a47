/** The state that the writers and readers of one round share. A round is a few seconds of recorded writing and reading. */
import type { Dice } from './dice.ts';
import type { Filter, History, Read, Recording, Write } from '../check/history.ts';
import { passes } from '../check/history.ts';
import type { NextNode } from '../client/requests.ts';

/** What all rounds of a run share. */
export interface RunContext {
  readonly nextNode: NextNode;
  /** Random for each run, because the server remembers idempotency keys beyond it. */
  readonly runPrefix: string;
  readonly window: number;
  /** After this silence a delivery is overdue; a call without an answer is repeated for as long. */
  readonly timeoutMs: number;
  readonly hidesSize: boolean;
  /** Whether the map is so large that readers without a filter would never get past its snapshot. */
  readonly isCrowded: boolean;
}

const KEYS = 200;
/** More than one message of `itemChanges` holds. */
const STILL_KEYS = 1200;

export class Round {
  readonly context: RunContext;
  readonly prefix: string;
  /** The keys that the writers change. */
  readonly keys: readonly string[];
  /** Keys that no writer changes: they make the snapshot long enough to be cut inside it. */
  readonly stillKeys: readonly string[];
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly histories: History[] = [];
  /** Deliveries to all readers so far. */
  deliveries = 0;
  /** The last insertions, set after the writers have stopped. Readers stay until they have received them. */
  marker: readonly { readonly key: string; readonly cursor: string }[] | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #failed = new AbortController();
  #nextId = 0;

  constructor(context: RunContext, number: number) {
    this.context = context;
    this.prefix = `${context.runPrefix}${number}-`;
    this.keys = Array.from({ length: KEYS }, (_, n) => `${this.prefix}k${n}`);
    this.stillKeys = Array.from({ length: STILL_KEYS }, (_, n) => `${this.prefix}still-${n}`);
  }

  get timeoutMs(): number {
    return this.context.timeoutMs;
  }

  nextId(kind: string): string {
    return `${kind} ${this.prefix}${++this.#nextId}`;
  }

  /** Resolves once the marker is set or the round has failed. */
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

  /** The cursor of the newest change that a reader with this filter must receive. */
  lastFor(filter: Filter | null): string {
    let last = '';
    for (const { key, cursor } of this.marker ?? []) if (cursor > last && passes(filter, key)) last = cursor;
    return last;
  }

  /** A random filter. Each one lets a part of the marker pass. */
  filter(dice: Dice): Filter | null {
    const kind = dice.next();
    if (kind < 0.25 && !this.context.isCrowded) return null;
    if (kind < 0.65) return { keyPrefix: this.context.runPrefix };
    if (kind < 0.8) return { keyPrefix: this.prefix };
    if (kind < 0.9) return { keyPrefix: `${this.prefix}k${dice.between(1, 9)}` };
    return { keys: Array.from({ length: dice.between(1, 20) }, () => dice.pick(this.keys)) };
  }

  recording(mayVanish: boolean): Recording {
    const { window, hidesSize } = this.context;
    const { prefix, writes, reads, histories } = this;
    return { keyPrefixes: [prefix], window, hidesSize, mayVanish, writes, reads, histories };
  }
}
