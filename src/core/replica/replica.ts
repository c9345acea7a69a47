/**
 * The map as a state machine over the log. `apply` is synchronous and deterministic: it uses no clock, no I/O and no randomness, only the
 * commands of the log, in the log's order. So equal logs make equal replicas, and a position means the same on every node.
 *
 * `apply` works in this order: expire due items, judge the command's conditions, change, evict.
 */
import { type Change, isRemoval, type Item, type RemovalReason, type RemovedItem } from '../model/change.ts';
import { CommandIds } from './command-ids.ts';
import { conflictOn, effectiveOf, judgeInsertions, OTHER_CURSOR, OTHER_PAYLOAD } from './conditions.ts';
import type { Bounds, Command, DecodedCommand, Idempotency, Insertion, Outcome, Removal } from '../model/command.ts';
import { NOTHING } from '../model/command.ts';
import { formatCursor } from '../model/cursor.ts';
import { hasExpiry } from './expiry-queue.ts';
import { LogClock } from './log-clock.ts';
import { nextDigest } from '../model/hash.ts';
import { type FirstResult, IdempotencyTable } from './idempotency.ts';
import { ItemStore } from './item-store.ts';
import {
  after,
  type Cursor,
  type Epoch,
  ORIGIN,
  type Place,
  type Position,
  type Sequence,
  START,
} from '../model/position.ts';
import { type Moment, momentOf, StoredItem } from '../model/stored-item.ts';
import { isPlainRemoval, type PlainChange } from '../model/transaction.ts';
import { Window } from './window.ts';

/**
 * Called with each change while it is applied, the item that it has replaced or removed, and the head before its command. Must not throw.
 */
export type OnChange = (change: Change<unknown>, superseded: Item<unknown> | undefined, before: Place) => void;

/** How many items one command may expire. The rest expires with the next command. */
export const MAX_EXPIRED = 1000;

export class Replica<Value> {
  readonly epoch: Epoch;
  readonly items = new ItemStore<Value>();
  readonly window: Window<Value>;
  readonly firstResults = new IdempotencyTable();
  readonly commandIds = new CommandIds();
  /** The id of the command at `sequence`; empty for a foreign entry. */
  commandId = '';
  bounds: Bounds;
  /** Whether a node has written to the log. Until then it may hold foreign entries, and transactions that came before the node did. */
  isCreated = false;
  /** The newest applied position. A new object whenever it changes, so identity tells heads apart. */
  head: Place = { ...ORIGIN };
  /** The newest applied command. */
  sequence = 0 as Sequence;
  /** At `sequence`. */
  readonly clock = new LogClock();
  /** The timestamp of the newest change. It never falls. */
  timestamp = 0;
  /** The newest removal that has left the window while its key is absent. A subscription before it can't learn of it. */
  lostRemoval: Position = START;
  evictions = 0;
  /** Set while the replica is shown. */
  onChange: OnChange | undefined;

  #crc = 0;
  #ordinal = 0;
  #moment: Moment | undefined;
  /** The head before the command that is applied. */
  #before: Place = ORIGIN;

  /** `floor`: the start of the window, for a state from a snapshot. */
  constructor(epoch: Epoch, bounds: Bounds, floor: Place = ORIGIN) {
    this.epoch = epoch;
    this.bounds = bounds;
    this.window = new Window(bounds.window, bounds.maxBytes, floor);
  }

  cursor(place: Place, cutoff?: Place, seen?: Place): Cursor {
    return formatCursor(this.epoch, place, cutoff, seen);
  }

  /** To be called with each command of the log, in order. One synchronous block. */
  apply(sequence: Sequence, time: number, { id, command, crc }: DecodedCommand): Outcome<Value> {
    this.sequence = sequence;
    this.clock.advance(time, this.items.expiry.peek() !== undefined);
    this.commandId = id;
    if (!this.commandIds.add(id)) return NOTHING;
    if (command.kind === 'tick' && command.at !== undefined) this.clock.correct(command.at);
    this.#crc = crc;
    this.#ordinal = 0;
    this.#before = this.head;
    this.#expire(command);
    const wasCreated = this.isCreated;
    this.isCreated ||= command.kind !== 'transaction';
    const outcome = this.#perform(command, wasCreated);
    this.#evict();
    return outcome;
  }

  /** To be called for a foreign entry, which changes nothing. */
  skip(sequence: Sequence): void {
    this.sequence = sequence;
    this.commandId = '';
  }

  /** The outcome of an applied command, as its repetition would have it. Undefined when it is not known any more. */
  recall(command: Command): Outcome<Value> | undefined {
    if (command.kind !== 'insert' && command.kind !== 'remove') return NOTHING;
    const firstOf = (key: string, idempotency: Idempotency | undefined): FirstResult | undefined => {
      const first = idempotency && this.firstResults.get(key, idempotency);
      return first?.payload === idempotency?.payload ? first : undefined;
    };
    if (command.kind === 'remove') {
      const { key, idempotency } = command.removal;
      const first = firstOf(key, idempotency);
      return first && { kind: 'removed', removed: this.#removedBefore(key, first) };
    }
    const items = command.insertions.flatMap((insertion) => {
      const first = firstOf(insertion.key, insertion.idempotency);
      return first ? [this.#repeated(insertion, first)] : [];
    });
    return items.length === command.insertions.length ? { kind: 'inserted', items } : undefined;
  }

  /** The digest at a position, if it is still known: in the window, at its floor, or at a current item. */
  digestAt(position: Position): number | undefined {
    if (position === START) return ORIGIN.digest;
    if (position === this.window.floor.position) return this.window.floor.digest;
    const known = this.window.get(position) ?? this.items.index.next((position - 1) as Position);
    return known?.position === position ? known.digest : undefined;
  }

  #perform(command: Command, wasCreated: boolean): Outcome<Value> {
    switch (command.kind) {
      case 'insert':
        return this.#insert(command.insertions);
      case 'remove':
        return this.#remove(command.removal);
      case 'transaction':
        this.#change(command.changes);
        return NOTHING;
      case 'bounds':
        this.#setBounds(command.bounds);
        return NOTHING;
      case 'found':
        // Two nodes may create a log at once: the first command wins.
        if (!wasCreated) this.#setBounds(command.bounds);
        return NOTHING;
      case 'tick':
        return NOTHING;
    }
  }

  #insert(insertions: readonly Insertion[]): Outcome<Value> {
    const verdict = judgeInsertions(insertions, this.items, this.firstResults);
    if (verdict.kind === 'conflict') return verdict;
    let following = verdict.fresh;
    const items = insertions.map((insertion, index) => {
      const { key, idempotency } = insertion;
      const first = verdict.known[index] ?? (idempotency && this.firstResults.get(key, idempotency));
      return first ? this.#repeated(insertion, first) : this.#insertOne(insertion, --following);
    });
    return { kind: 'inserted', items };
  }

  #insertOne({ key, json, bytes, ttl, idempotency }: Insertion, following: number): Item<Value> {
    const expiresAt = ttl === undefined ? null : this.clock.now + ttl * 1000;
    const { position, digest, timestamp } = this.#nextPlace();
    this.#moment = momentOf(this.#moment, this.epoch, timestamp);
    const item = new StoredItem<Value>(this.#moment, { key, json, position, digest, expiresAt, bytes, following });
    const superseded = this.items.get(key);
    this.items.set(item);
    this.#publish(item, superseded);
    if (idempotency) this.#rememberFirst(key, idempotency, item);
    return item;
  }

  #remove({ key, ifCursor, idempotency }: Removal): Outcome<Value> {
    const current = this.items.get(key);
    const first = idempotency && this.firstResults.get(key, idempotency);
    if (first && first.payload !== idempotency.payload) return conflictOn(current, OTHER_PAYLOAD);
    if (first) return { kind: 'removed', removed: this.#removedBefore(key, first) };
    if (ifCursor && current?.cursor !== ifCursor) return conflictOn(current, OTHER_CURSOR);
    const removed = current ? this.#removeItem(current, 'REMOVED') : null;
    if (idempotency) this.#rememberFirst(key, idempotency, removed);
    return { kind: 'removed', removed };
  }

  /** The removal of a key that has no item changes nothing. */
  #change(changes: readonly PlainChange[]): void {
    const effective = effectiveOf(changes, this.items);
    let following = effective.length;
    for (const change of effective) {
      following--;
      const current = isPlainRemoval(change) ? this.items.get(change.key) : undefined;
      if (!isPlainRemoval(change)) this.#insertOne(change, following);
      else if (current) this.#removeItem(current, 'REMOVED', following);
    }
  }

  /** Expires what is due by the log's clock: the command's own keys first, because its conditions must not see them. */
  #expire(command: Command): void {
    const { now } = this.clock;
    if ((this.items.expiry.peek()?.expiresAt ?? Infinity) > now) return;
    const own = new Set(
      keysOf(command)
        .map((key) => this.items.get(key))
        .filter((item) => item !== undefined),
    );
    const due = [...own].filter(hasExpiry).filter((item) => item.expiresAt <= now);
    due.sort((a, b) => a.expiresAt - b.expiresAt || a.position - b.position);
    for (const item of due) this.#removeItem(item, 'EXPIRED');
    for (let expired = due.length; expired < MAX_EXPIRED; expired++) {
      const next = this.items.expiry.peek();
      if (!next || next.expiresAt > now) return;
      this.#removeItem(next, 'EXPIRED');
    }
  }

  #evict(): void {
    while (this.items.size > this.bounds.maxItems || this.items.bytes > this.bounds.maxBytes) {
      const oldest = this.items.evict();
      if (!oldest) return;
      this.evictions++;
      this.#publishRemoval(oldest, 'EVICTED');
    }
  }

  #removeItem(item: Item<Value>, reason: RemovalReason, following = 0): RemovedItem {
    this.items.delete(item);
    return this.#publishRemoval(item, reason, following);
  }

  #publishRemoval(item: Item<Value>, reason: RemovalReason, following = 0): RemovedItem {
    const place = this.#nextPlace();
    const removed: RemovedItem = { key: item.key, reason, ...place, cursor: this.cursor(place), following };
    this.#publish(removed, item);
    return removed;
  }

  #setBounds(bounds: Bounds): void {
    this.bounds = bounds;
    this.#noteLostRemovals(this.window.resize(bounds.window, bounds.maxBytes));
  }

  /** Adds the change to the window, where every subscription reads it. */
  #publish(change: Change<Value>, superseded: Item<Value> | undefined): void {
    this.#noteLostRemovals(this.window.push(change, superseded?.position ?? START));
    this.onChange?.(change, superseded, this.#before);
  }

  #noteLostRemovals(changes: readonly Change<Value>[]): void {
    for (const change of changes) {
      // A key that exists again needs no removal: its item has a later position.
      if (isRemoval(change) && !this.items.get(change.key)) this.lostRemoval = change.position;
    }
  }

  #nextPlace(): Place & { timestamp: number } {
    this.timestamp = this.clock.now;
    const digest = nextDigest(this.head.digest, this.#crc, this.timestamp, this.#ordinal++);
    const position = after(this.head.position);
    this.head = { position, digest };
    return { position, digest, timestamp: this.timestamp };
  }

  #rememberFirst(
    key: string,
    { key: idempotencyKey, payload }: Idempotency,
    result: Item<Value> | RemovedItem | null,
  ): void {
    const place = result && { position: result.position, digest: result.digest };
    const expiresAt = result && 'expiresAt' in result ? result.expiresAt : null;
    this.firstResults.remember(key, idempotencyKey, { payload, place, timestamp: result?.timestamp ?? 0, expiresAt });
  }

  #repeated({ key, json, bytes }: Insertion, first: FirstResult): Item<Value> {
    const { timestamp, expiresAt, place } = first;
    const { position, digest } = place ?? ORIGIN;
    const moment = momentOf(undefined, this.epoch, timestamp);
    return new StoredItem<Value>(moment, { key, json, position, digest, expiresAt, bytes, following: 0 });
  }

  #removedBefore(key: string, { place, timestamp }: FirstResult): RemovedItem | null {
    return place && { key, reason: 'REMOVED', timestamp, ...place, cursor: this.cursor(place), following: 0 };
  }
}

function keysOf(command: Command): readonly string[] {
  if (command.kind === 'insert') return command.insertions.map(({ key }) => key);
  if (command.kind === 'transaction') return command.changes.map(({ key }) => key);
  return command.kind === 'remove' ? [command.removal.key] : [];
}
