/** `itemChanges`: the messages that keep a mirror of the map (G6). The reader holds the state of one mirror, the generator delivers. */
import { type Change, isRemoval, type Item, type ItemChanges, type RemovedItem } from '../model/change.ts';
import type { History } from '../replica/history.ts';
import { ORIGIN, type Place } from '../model/position.ts';
import type { ItemFilter } from '../input/item-filter.ts';
import { isOld } from '../interest/idle-mirrors.ts';
import type { Watch } from '../interest/watch.ts';
import { closedError, type OnClose, type Source, type Start } from './items.ts';
import {
  hasLostRemoval,
  isCaughtUp,
  isNearHead,
  startAtHead,
  missed,
  type Page,
  read,
  readAt,
  type ReadPosition,
  withLastReasons,
} from '../replica/read.ts';
import type { Replica } from '../replica/replica.ts';
import { Wakeup } from './cancellation.ts';
import { Standing } from './standing.ts';
import { AwaitedSlot } from './scheduler.ts';

export interface ChangesRequest {
  readonly filter: ItemFilter;
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
  /** `follows`: where the mirror stood after its last message. */
  changes(readPosition: ReadPosition, reset: boolean, follows: ReadPosition | undefined): S;
}

/** A mirror's last message. */
export interface Sent {
  readonly caughtUp: boolean;
  /** Where it stands after it. */
  readonly next: ReadPosition;
}

/** The state of one mirror. */
export class ChangesReader<Value> extends Standing {
  readonly #source: Source<Value>;
  #history: History;
  #reset: boolean;
  #sent: Sent | undefined;
  /** Where it stood when it was told last, or resumed. */
  #follows: ReadPosition | undefined;
  #isLagging = false;

  /** `resumed`: undefined to send the whole map first. */
  constructor(source: Source<Value>, resumed: ReadPosition | undefined) {
    super(resumed ?? startAtHead(source.replica));
    this.#source = source;
    this.#history = source.history;
    this.#follows = resumed;
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
    const step = steps.changes(this.readPosition, this.#reset, this.#reset ? undefined : this.#follows);
    const { page, caughtUp } = step;
    const { next } = page;
    const sent = this.#sent;
    this.readPosition = page.next;
    const isDue =
      sent === undefined ||
      (caughtUp && !sent.caughtUp) ||
      isOld(sent.next.at.position, next.at.position, replica.window.reach);
    if (!this.#reset && page.changes.length === 0 && !isDue) return undefined;
    this.#reset = false;
    this.delivered({ caughtUp, next });
    return step;
  }

  /** To be called when a message was delivered that another reader at the same place has read. */
  delivered(sent: Sent): void {
    this.#sent = sent;
    this.#follows = sent.next;
    this.#source.counters.deliveries++;
  }

  /** The place of the last message. */
  get toldAt(): Place {
    return this.#sent?.next.at ?? ORIGIN;
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
  wakeup: Wakeup,
): ChangesStep<Value> {
  const { watch, positions } = wakeup.caughtUp();
  const view = { ...watch.filter, isMirror: true };
  const page =
    (reset || !positions ? undefined : readAt(replica, positions, view)) ??
    read(replica, readPosition, MAX_ENTRIES, view);
  const isAtHead = isCaughtUp(replica, page.next);
  wakeup.stand(isAtHead);
  return { page, reset, caughtUp: isAtHead && watch.isSumKnown };
}

/** Delivers the messages for a mirror (G6). Ends when `signal` aborts, and at the head of a closed map. */
export async function* itemChanges<Value>(
  source: Source<Value>,
  { filter, onClose, start }: ChangesRequest,
  signal: AbortSignal,
): AsyncGenerator<ItemChanges<Value>, void, void> {
  const { interest, scheduler, counters } = source;
  const wakeup = new Wakeup(interest, filter, signal, true);
  const slot = new AwaitedSlot(scheduler, signal);
  counters.subscriptions++;
  try {
    const reader = await start(signal, (resumed) => new ChangesReader(source, resumed));
    let follows: ReadPosition | undefined;
    const steps = {
      changes(readPosition: ReadPosition, reset: boolean, last: ReadPosition | undefined) {
        follows = last;
        return readStep(source.replica, readPosition, reset, wakeup);
      },
    };
    let spent = 0;
    for (;;) {
      await slot.take(isNearHead(source.replica, reader.readPosition), spent);
      if (signal.aborted) return;
      // What did not concern it has not made it late.
      const place = wakeup.caughtUp().placeAt(source.replica.head);
      if (place) reader.standAt(place);
      const step = reader.next(steps);
      spent = step?.page.changes.length ?? 0;
      if (step) yield messageOf(source.replica, step, follows, wakeup.watch);
      else if (isCaughtUp(source.replica, reader.readPosition)) {
        if (!source.isClosed) reader.standAt(await wakeup.wait(reader.toldAt.position));
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

/** To be called in the synchronous block that has read the step, because it reads size and checksum. `watch`: of the mirror's filter, caught up. */
export function messageOf<Value>(
  replica: Replica<Value>,
  { page: { changes, next }, reset, caughtUp }: ChangesStep<Value>,
  follows: ReadPosition | undefined,
  { filter, sum }: Pick<Watch, 'filter' | 'sum'>,
): ItemChanges<Value> {
  const upserted: Item<Value>[] = [];
  const removed: RemovedItem[] = [];
  const totals = sum ?? replica.items;
  const told = filter.where ? withLastReasons(replica, changes, next.at.position) : changes;
  for (const change of lastOfEachKey(told)) {
    if (isRemoval(change)) removed.push(change);
    else upserted.push(change);
  }
  return {
    reset,
    upserted,
    removed,
    caughtUp,
    cursor: replica.cursor(next.at, next.cutoff, next.seen),
    follows: reset || !follows ? null : replica.cursor(follows.at, follows.cutoff, follows.seen),
    size: caughtUp ? totals.size : null,
    checksum: caughtUp ? totals.checksum : null,
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
