/** The state that the writers and readers of one round share. A round is a few seconds of recorded writing and reading. */
import type { Dice } from './dice.ts';
import type { Filter, History, Read, Recording, Write } from '../check/history.ts';
import { passes } from '../check/history.ts';
import { matchesValue } from '../check/value-filter.ts';
import type { NextNode } from '../client/requests.ts';
import { keyFilter } from './made-values.ts';
import type { RoundKeys, Subject } from './subject.ts';

/** What all rounds of a run share. */
export interface RunContext {
  readonly nextNode: NextNode;
  readonly subject: Subject;
  readonly window: number;
  /** After this silence a delivery is overdue; a call without an answer is repeated for as long. */
  readonly timeoutMs: number;
  readonly hidesSize: boolean;
  /** Whether all nodes know filters on values, and `follows` with them. */
  readonly hasValueFilters: boolean;
  /** Whether the map is so large that readers without a filter would never get past its snapshot. */
  readonly isCrowded: boolean;
}

/** An insertion of the marker. */
export interface Marked {
  readonly key: string;
  /** JSON text. */
  readonly value: string;
  readonly cursor: string;
}

/** There are more still keys than one message of `itemChanges` holds. */
const COUNTS = { keys: 200, stillKeys: 1200 };

export class Round {
  readonly context: RunContext;
  /** Unique to it: the server remembers idempotency keys beyond the run. */
  readonly id: string;
  readonly keys: RoundKeys;
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly histories: History[] = [];
  /** Deliveries to all readers so far. */
  deliveries = 0;
  /** The last insertions, set after the writers have stopped. Readers stay until they have received them. */
  marker: readonly Marked[] | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #failed = new AbortController();
  #nextId = 0;

  constructor(context: RunContext, number: number) {
    this.context = context;
    this.keys = context.subject.roundKeys(number, COUNTS);
    this.id = `${context.subject.runId}-${number}`;
  }

  get subject(): Subject {
    return this.context.subject;
  }

  get timeoutMs(): number {
    return this.context.timeoutMs;
  }

  nextId(kind: string): string {
    return `${kind} ${this.keys.prefix}-${++this.#nextId}`;
  }

  /** Resolves once the marker is set or the round has failed. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(marker: readonly Marked[]): void {
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

  /** The cursor of the newest change that a reader with this filter must receive. Empty: its filter leaves out the whole marker. */
  lastFor(filter: Filter | null): string {
    let last = '';
    for (const { key, value, cursor } of this.marker ?? []) {
      const isFor = passes(filter, key) && (!filter?.where || matchesValue(JSON.parse(value), filter.where));
      if (isFor && cursor > last) last = cursor;
    }
    return last;
  }

  /** A random filter. */
  filter(dice: Dice): Filter | null {
    const { subject, isCrowded, hasValueFilters } = this.context;
    const filter = keyFilter(dice, { runPrefix: subject.runPrefix, ...this.keys }, !isCrowded);
    return hasValueFilters && dice.chance(0.5) ? { ...filter, where: subject.whereFilter(dice) } : filter;
  }

  recording(mayVanish: boolean): Recording {
    const { window, hidesSize, hasValueFilters } = this.context;
    const { keys, writes, reads, histories } = this;
    return { keyPrefixes: [keys.prefix], window, hidesSize, hasValueFilters, mayVanish, writes, reads, histories };
  }
}
