import { isRemoval, type Item, type RemovedItem } from '../../../src/core/model/change.ts';
import {
  type Bounds,
  type Command,
  decodeCommand,
  encodeCommand,
  type Insertion,
  type Removal,
  type Outcome,
} from '../../../src/core/model/command.ts';
import { stringifyJson } from '../../../src/core/model/json.ts';
import type { LogEntry } from '../../../src/core/replication/ordered-log.ts';
import { parseEpoch, type Sequence, START } from '../../../src/core/model/position.ts';
import { Replica } from '../../../src/core/replica/replica.ts';
import type { Dice } from '../random/dice.ts';
import type { OracleWrite } from './oracle.ts';
import { transactionFrame } from './transactions.ts';

/** An insertion in a test: the default value is the key. */
export type Input = Omit<Insertion, 'bytes' | 'json'> & { readonly value?: unknown };

const EPOCH = parseEpoch('0testepoch00');

/** A replica with a simulated log: each command passes through its frame. `now` is the log's clock. */
export class Feed {
  readonly replica: Replica<unknown>;
  readonly entries: LogEntry[] = [];
  now = 1_700_000_000_000;

  constructor(bounds: Partial<Bounds> = {}) {
    this.replica = emptyReplica(bounds);
  }

  insert(...inputs: readonly Input[]): Outcome<unknown> {
    const insertions = inputs.map(({ value, ...input }) => {
      const json = stringifyJson(value === undefined ? input.key : value);
      return { ...input, json, bytes: 0 };
    });
    return this.apply({ kind: 'insert', insertions });
  }

  remove(key: string, options: Omit<Removal, 'key'> = {}): Outcome<unknown> {
    return this.apply({ kind: 'remove', removal: { key, ...options } });
  }

  /** As a database writes it. */
  transaction(...writes: readonly OracleWrite<unknown>[]): Outcome<unknown> {
    return this.write(transactionFrame(`id-${this.entries.length + 1}`, writes));
  }

  tick(): Outcome<unknown> {
    return this.apply({ kind: 'tick' });
  }

  rebound(bounds: Partial<Bounds>): Outcome<unknown> {
    return this.apply({ kind: 'bounds', bounds: { ...this.replica.bounds, ...bounds } });
  }

  apply(command: Command, id?: string): Outcome<unknown> {
    return this.write(encodeCommand(id ?? `id-${this.entries.length + 1}`, command));
  }

  /** Applies any bytes: a repeated frame, or a foreign entry. */
  write(data: Uint8Array): Outcome<unknown> {
    const entry = { sequence: (this.entries.length + 1) as Sequence, time: this.now, data };
    this.entries.push(entry);
    return applyEntry(this.replica, entry);
  }

  /** The changes in the window after a position: `+a` for an insertion, `REMOVED a` for a removal. */
  story(after = 0): string[] {
    return [...this.replica.window]
      .filter(({ position }) => position > after)
      .map((change) => (isRemoval(change) ? `${change.reason} ${change.key}` : `+${change.key}`));
  }

  /** The current keys, oldest first. */
  keys(): string[] {
    return [...this.replica.items.index.from(START)].map(({ key }) => key);
  }

  /** The current item of a key. */
  current(key: string): Item<unknown> {
    const item = this.replica.items.get(key);
    if (!item) throw new Error(`nothing is under ${key}`);
    return item;
  }
}

export function emptyReplica(bounds: Partial<Bounds> = {}): Replica<unknown> {
  return new Replica(EPOCH, { maxItems: 1000, maxBytes: 1_000_000, window: 1000, ...bounds });
}

export function applyEntry(replica: Replica<unknown>, { sequence, time, data }: LogEntry): Outcome<unknown> {
  const decoded = decodeCommand(data);
  if (decoded) return replica.apply(sequence, time, decoded);
  replica.skip(sequence);
  return { kind: 'nothing' };
}

export function inserted(outcome: Outcome<unknown>): readonly Item<unknown>[] {
  if (outcome.kind !== 'inserted') throw new Error(`not inserted but ${outcome.kind}`);
  return outcome.items;
}

export function removed(outcome: Outcome<unknown>): RemovedItem | null {
  if (outcome.kind !== 'removed') throw new Error(`not removed but ${outcome.kind}`);
  return outcome.removed;
}

const KEYS = Array.from({ length: 30 }, (_, index) => (index < 20 ? `key-${index}` : `other-${index}`));

/** Applies random commands of every kind, with times that jump; `feed.entries` keeps them. `areFixed`: the bounds stay the same. */
export function grow(feed: Feed, dice: Dice, count: number, areFixed = false): void {
  for (let i = 0; i < count; i++) {
    feed.now += dice.below(3000) - 800;
    const roll = dice.below(40);
    if (roll === 0) feed.write(Uint8Array.of(1, 2, 3));
    else if (roll === 1 && feed.entries.length > 0) feed.write(dice.pick(feed.entries).data);
    else if (roll === 2 && !areFixed) feed.rebound({ maxItems: 5 + dice.below(30), window: 1 + dice.below(80) });
    else if (roll === 3 && !areFixed) feed.rebound({ maxBytes: 100 + dice.below(2000) });
    else if (roll < 8) feed.tick();
    else if (roll < 16) randomRemoval(feed, dice);
    else if (roll < 20) randomTransaction(feed, dice);
    else if (roll < 24) feed.insert(...Array.from({ length: 1 + dice.below(8) }, () => randomInput(feed, dice)));
    else feed.insert(randomInput(feed, dice));
  }
}

function randomRemoval(feed: Feed, dice: Dice): void {
  const key = dice.pick(KEYS);
  feed.remove(key, conditions(feed, key, dice));
}

function randomTransaction(feed: Feed, dice: Dice): void {
  const writes = Array.from({ length: 1 + dice.below(8) }, () => {
    const key = dice.pick(KEYS);
    const ttl = dice.once(3) ? 1 + dice.below(9) : undefined;
    return dice.once(2) ? { key, removed: true as const } : { key, value: dice.below(1000), ttl };
  });
  feed.transaction(...writes);
}

function randomInput(feed: Feed, dice: Dice): Input {
  const key = dice.pick(KEYS);
  return {
    key,
    value: dice.pick<unknown>([dice.below(1000), 'é\n€', { nested: [null, true] }, 'x'.repeat(dice.below(100))]),
    ...(dice.once(3) && { ttl: 1 + dice.below(9) }),
    ...(dice.once(8) && { ifAbsent: true }),
    ...conditions(feed, key, dice),
  };
}

function conditions(feed: Feed, key: string, dice: Dice): Omit<Removal, 'key'> {
  const some = feed.replica.items.get(dice.once(3) ? dice.pick(KEYS) : key);
  return {
    ...(dice.once(10) && some && { ifCursor: some.cursor }),
    ...(dice.once(5) && { idempotency: { key: `once-${dice.below(20)}`, payload: `p${dice.below(2)}` } }),
  };
}
