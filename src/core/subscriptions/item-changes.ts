/** `itemChanges`: the messages that keep a mirror of the map (G6). The reader holds the state of one mirror, the generator delivers. */
import { type Change, isRemoval, type Item, type ItemChanges, type RemovedItem } from '../model/change.ts';
import type { History } from '../replica/history.ts';
import { type Place, type Position, START } from '../model/position.ts';
import { isEveryKey, type KeyFilter } from '../input/key-filter.ts';
import { isOld } from '../interest/idle-mirrors.ts';
import { closedError, type OnClose, type Source, type Start } from './items.ts';
import {
  hasLostRemoval,
  isCaughtUp,
  isNearHead,
  startAtHead,
  missed,
  type Page,
  read,
  type ReadPosition,
} from '../replica/read.ts';
import type { Replica } from '../replica/replica.ts';
import { Wakeup } from './cancellation.ts';
import { AwaitedSlot } from './scheduler.ts';

export interface ChangesRequest {
  readonly filter: KeyFilter;
  readonly onClose: OnClose;
  readonly start: Start;
}

export interface ChangesStep<Value> {
  readonly page: Page<Value>;
  readonly reset: boolean;
  readonly caughtUp: boolean;
}

/** Of one message. A batch is not divided. */
export const MAX_ENTRIES = 1000;

/** Reads the next step from a position. */
export interface ChangesSteps<S> {
  changes(readPosition: ReadPosition, reset: boolean): S;
}

/** A mirror's last message. */
export interface Sent {
  readonly caughtUp: boolean;
  readonly position: Position;
}

/** The state of one mirror. */
export class ChangesReader<Value> {
  readPosition: ReadPosition;
  readonly #source: Source<Value>;
  #history: History;
  #reset: boolean;
  #sent: Sent | undefined;
  #isLagging = false;

  /** `resumed`: undefined to send the whole map first. */
  constructor(source: Source<Value>, resumed: ReadPosition | undefined) {
    this.#source = source;
    this.#history = source.history;
    this.readPosition = resumed ?? startAtHead(source.replica);
    this.#reset = resumed === undefined;
  }

  /** Reads the next step. Undefined: there is nothing to deliver; with the reader at the head, nothing more is there yet. */
  next<S extends ChangesStep<Value>>(steps: ChangesSteps<S>): S | undefined {
    const { replica, history, counters } = this.#source;
    if (this.#history !== history) {
      if (!this.#history.keeps(this.readPosition)) this.#startOver();
      this.#history = history;
    }
    const lag = missed(replica, this.readPosition) > 0;
    if (lag && !this.#isLagging) counters.lagged++;
    this.#isLagging = lag;
    if (hasLostRemoval(replica, this.readPosition)) this.#startOver();
    const step = steps.changes(this.readPosition, this.#reset);
    const { page, caughtUp } = step;
    const { position } = page.next.at;
    const sent = this.#sent;
    this.readPosition = page.next;
    const isDue =
      sent === undefined || (caughtUp && !sent.caughtUp) || isOld(sent.position, position, replica.bounds.window);
    if (!this.#reset && page.changes.length === 0 && !isDue) return undefined;
    this.#sent = { caughtUp, position };
    this.#reset = false;
    counters.deliveries++;
    return step;
  }

  /** To be called when a message was delivered that another reader at the same place has read. */
  delivered(sent: Sent): void {
    this.#sent = sent;
    this.#source.counters.deliveries++;
  }

  /** The position of the last message. */
  get toldAt(): Position {
    return this.#sent?.position ?? START;
  }

  /** Nothing up to the place, that it has not read, concerned it. */
  standAt(place: Place): void {
    this.readPosition = { at: place, cutoff: place };
  }

  #startOver(): void {
    this.readPosition = startAtHead(this.#source.replica);
    this.#reset = true;
    this.#source.counters.resets++;
  }
}

/** The step of a mirror at a position. */
export function readStep<Value>(
  replica: Replica<Value>,
  readPosition: ReadPosition,
  reset: boolean,
  filter: KeyFilter,
): ChangesStep<Value> {
  const page = read(replica, readPosition, MAX_ENTRIES, filter);
  return { page, reset, caughtUp: isCaughtUp(replica, page.next) };
}

/** Delivers the messages for a mirror (G6). Ends when `signal` aborts, and at the head of a closed map. */
export async function* itemChanges<Value>(
  source: Source<Value>,
  { filter, onClose, start }: ChangesRequest,
  signal: AbortSignal,
): AsyncGenerator<ItemChanges<Value>, void, void> {
  const { interest, scheduler, counters } = source;
  const wakeup = new Wakeup(interest, filter, signal);
  const slot = new AwaitedSlot(scheduler, signal);
  counters.subscriptions++;
  try {
    const reader = await start(signal, (resumed) => new ChangesReader(source, resumed));
    const steps = {
      changes: (readPosition: ReadPosition, reset: boolean) => readStep(source.replica, readPosition, reset, filter),
    };
    let spent = 0;
    for (;;) {
      await slot.take(isNearHead(source.replica, reader.readPosition), spent);
      if (signal.aborted) return;
      const step = reader.next(steps);
      spent = step?.page.changes.length ?? 0;
      if (step) yield messageOf(source.replica, step, filter);
      else if (isCaughtUp(source.replica, reader.readPosition)) {
        if (!source.isClosed) reader.standAt(await wakeup.wait(reader.toldAt));
        else if (onClose === 'FAIL') throw closedError();
        else return;
      }
    }
  } finally {
    counters.subscriptions--;
    slot.release();
    wakeup.release();
  }
}

/** To be called in the synchronous block that has read the step, because it reads the replica's size and checksum. */
export function messageOf<Value>(
  replica: Replica<Value>,
  { page: { changes, next }, reset, caughtUp }: ChangesStep<Value>,
  filter: KeyFilter,
): ItemChanges<Value> {
  const upserted: Item<Value>[] = [];
  const removed: RemovedItem[] = [];
  for (const change of lastOfEachKey(changes)) {
    if (isRemoval(change)) removed.push(change);
    else upserted.push(change);
  }
  const isWhole = caughtUp && isEveryKey(filter);
  return {
    reset,
    upserted,
    removed,
    caughtUp,
    cursor: replica.cursor(next.at, next.cutoff, next.seen),
    follows: null,
    size: isWhole ? replica.items.size : null,
    checksum: isWhole ? replica.items.checksum : null,
  };
}

function lastOfEachKey<Value>(changes: readonly Change<Value>[]): Iterable<Change<Value>> {
  const last = new Map<string, Change<Value>>();
  for (const change of changes) {
    // Deleting first keeps the map in position order.
    last.delete(change.key);
    last.set(change.key, change);
  }
  return last.values();
}
