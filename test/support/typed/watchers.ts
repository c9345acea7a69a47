/** Clients that follow a filter of a typed collection over real sockets, and check each message against the history of the log. */
import { expect } from 'vitest';
import type { CollectionDefinition } from '../../../schema/sdl/definition.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import type { Reader, Wire } from '../clients/readers.ts';
import { checksumOf } from '../model/mirror.ts';
import { deliveredTo, exactNumbers, keyOf, positionOf, soonIn } from './served-sdl.ts';

export interface Held {
  readonly position: number;
  readonly stored: unknown;
}

type State = ReadonlyMap<string, Held>;

/** The state of a collection at each position. */
export class History {
  readonly collection: CollectionDefinition;
  /** Undefined: nobody knows in which order items expired. */
  readonly #states: (State | undefined)[] = [new Map()];
  readonly values: unknown[] = [undefined];

  constructor(collection: CollectionDefinition) {
    this.collection = collection;
  }

  get head(): number {
    return this.#states.length - 1;
  }

  get current(): State {
    // After things expired, their removals are known.
    return this.#states[this.head]!;
  }

  at(position: number): State | undefined {
    expect(position).toBeLessThanOrEqual(this.head);
    return this.#states[position];
  }

  insert(stored: unknown): void {
    const state = new Map(this.current);
    state.set(keyOf(this.collection, stored), { position: this.head + 1, stored });
    this.#push(state, stored);
  }

  /** Returns whether it was there. */
  remove(key: string): boolean {
    const state = new Map(this.current);
    const isThere = state.delete(key);
    if (isThere) this.#push(state, undefined);
    return isThere;
  }

  expire(keys: readonly string[]): void {
    const state = new Map(this.current);
    for (const key of keys) state.delete(key);
    for (let left = keys.length; left > 0; left--) this.#push(left > 1 ? undefined : state, undefined);
  }

  #push(state: State | undefined, value: unknown): void {
    this.#states.push(state);
    this.values.push(value);
  }
}

interface Shown {
  readonly k: string | number;
  readonly c: string;
}

interface Message {
  readonly reset: boolean;
  readonly caughtUp: boolean;
  readonly cursor: string;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly upserted: readonly Shown[];
  readonly removed: readonly { readonly key: string }[];
}

export interface Followed {
  readonly server: SeamlineServer;
  readonly wire: Wire;
  readonly history: History;
  readonly where: unknown;
  readonly matches: (stored: unknown) => boolean;
}

abstract class Watcher {
  readonly followed: Followed;
  #reader: Reader | undefined;
  /** Of this connection. */
  protected seen = 0;
  protected cursor: string | undefined;

  constructor(followed: Followed) {
    this.followed = followed;
  }

  abstract readonly field: string;
  abstract readonly selection: string;
  protected abstract take(delivered: unknown): void;
  abstract isCurrent(): boolean;

  /** Opens, or cuts and resumes. */
  open(): void {
    this.pull();
    this.leave();
    const { server, wire, where, history } = this.followed;
    const query = `subscription ($after: String, $filter: ${history.collection.name}Filter) { ${this.field}(after: $after, filter: $filter) ${this.selection} }`;
    const filter = where === undefined ? undefined : { where: exactNumbers(where) };
    this.seen = 0;
    this.#reader = wire.read(server, { query, variables: { after: this.cursor, filter } });
  }

  /** Takes what has been delivered. */
  pull(): void {
    if (!this.#reader) return;
    const delivered = deliveredTo(this.#reader);
    while (this.seen < delivered.length) this.take(delivered[this.seen++]);
  }

  /** Resolves when it has what it should have now. */
  async rest(): Promise<void> {
    if (!this.#reader) return;
    const isCurrent = (): boolean => {
      this.pull();
      return this.isCurrent();
    };
    await soonIn(this.#reader, isCurrent, () => `${this.constructor.name} is not current: ${this.#describe()}`);
  }

  #describe(): string {
    const { where, wire, history } = this.followed;
    return JSON.stringify({
      where,
      wire: wire.name,
      head: history.head,
      matching: this.matching,
      after: this.cursor,
    });
  }

  leave(): void {
    this.#reader?.leave();
  }

  protected get matching(): [string, number][] {
    return matchingOf(this.followed, this.followed.history.current);
  }
}

const matchingOf = ({ matches }: Followed, state: State): [string, number][] =>
  [...state].filter(([, { stored }]) => matches(stored)).map(([key, { position }]) => [key, position]);

const sorted = (entries: Iterable<readonly [string, number]>): (readonly [string, number])[] =>
  [...entries].sort(([, a], [, b]) => a - b);

export class MirrorWatcher extends Watcher {
  readonly field: string;
  readonly selection: string;
  readonly #held = new Map<string, string>();
  #isCaughtUp = false;
  messages = 0;
  resets = 0;

  constructor(followed: Followed) {
    super(followed);
    const { singular, key } = followed.history.collection;
    this.field = `${singular}Changes`;
    this.selection = `{ reset caughtUp cursor size checksum upserted { k: ${key.name} c: cursor } removed { key } }`;
  }

  protected take(delivered: unknown): void {
    const { reset, caughtUp, cursor, size, checksum, upserted, removed } = delivered as Message;
    if (this.cursor === undefined) expect(reset, 'the first message resets').toBe(true);
    this.cursor = cursor;
    this.messages++;
    if (reset) {
      this.#held.clear();
      this.resets++;
    }
    for (const { key } of removed) this.#held.delete(key);
    for (const { k, c } of upserted) this.#held.set(String(k), c);
    this.#isCaughtUp = caughtUp;
    if (!caughtUp) return;
    const state = this.followed.history.at(positionOf(cursor));
    if (state) expect(this.#entries(), 'G6').toEqual(sorted(matchingOf(this.followed, state)));
    if (size === null) return;
    expect(size).toBe(this.#held.size);
    expect(checksum).toBe(checksumOf([...this.#held].map(([key, each]) => ({ key, cursor: each }))));
  }

  isCurrent(): boolean {
    // The first message comes at once, also to a client that resumes.
    if (this.seen === 0 || !this.#isCaughtUp) return false;
    const { where, history } = this.followed;
    // Every change concerns it.
    if (where === undefined && positionOf(this.cursor ?? '') !== history.head) return false;
    return JSON.stringify(this.#entries()) === JSON.stringify(sorted(this.matching));
  }

  #entries() {
    return sorted([...this.#held].map(([key, cursor]) => [key, positionOf(cursor)] as const));
  }
}

export class ItemsWatcher extends Watcher {
  readonly field: string;
  readonly selection: string;
  readonly #positions = new Set<number>();
  #last = 0;

  constructor(followed: Followed) {
    super(followed);
    const { plural, key } = followed.history.collection;
    this.field = plural;
    this.selection = `{ k: ${key.name} c: cursor }`;
  }

  protected take(delivered: unknown): void {
    const { k, c } = delivered as Shown;
    const { history, matches } = this.followed;
    const position = positionOf(c);
    expect(position, 'G2, G3').toBeGreaterThan(this.#last);
    const stored = history.values[position];
    expect(keyOf(history.collection, stored)).toBe(String(k));
    expect(matches(stored), 'only what matches is delivered').toBe(true);
    this.#last = position;
    this.#positions.add(position);
    this.cursor = c;
  }

  isCurrent(): boolean {
    return this.matching.every(([, position]) => this.#positions.has(position));
  }
}
