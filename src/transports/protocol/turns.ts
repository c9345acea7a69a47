import type { Accepting } from './accepting.ts';

/** Time of each turn of the event loop that clients' work may take, in ms. */
const SLICE_MS = 5;
/** Turns without such work, at most, after work that took several times its slice: Node accepts one connection in each. */
const MAX_PASSED = 32;
/** Work that begins together: its answers go out in fewer writes. */
const GROUP = 8;
/** Of the requests of a group: a long document takes so long that nothing may begin together with it. */
const GROUP_BYTES = 8 * 1024;

/** In place of a request's bytes: nobody knows how long the work takes, as with the execution of a query. */
export const UNKNOWN_BYTES = Infinity;

/** `intake`: of what clients send. `work`: operations and their answers. */
export type Lane = 'intake' | 'work';

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** By connection, in the order of their turns. */
type Line = Map<object, Waiting[]>;

/**
 * Spreads the work of all clients over several turns of the event loop, so that other work is done in between: a socket may bring a hundred
 * documents at once, each of which takes milliseconds to parse, to validate and to execute. Connections take turns. So do the two lanes, so
 * that slow queries don't keep other clients from connecting, nor the other way round. Insertions of the fast path don't ask.
 *
 * Time is looked at before work begins. Asynchronous work shows its time only after the callbacks that it sets off, so it begins in small
 * groups, and the next group begins after those callbacks.
 */
export class Turns {
  readonly #now: () => number;
  readonly #groupSize: number;
  readonly #accepting: Pick<Accepting, 'isBusy'> | undefined;
  readonly #lanes: Readonly<Record<Lane, Line>> = { intake: new Map(), work: new Map() };
  /** The lane that begins in this turn. */
  #first: Lane = 'work';
  /** What begins now. `only`: the connection whose work all of it is. */
  #group: { count: number; bytes: number; only: object | undefined } = { count: 0, bytes: 0, only: undefined };
  /** When the slice of the current turn ends; undefined before it has begun. */
  #until: number | undefined;

  constructor(
    now: () => number = () => performance.now(),
    groupSize: number = GROUP,
    accepting?: Pick<Accepting, 'isBusy'>,
  ) {
    this.#now = now;
    this.#groupSize = groupSize;
    this.#accepting = accepting;
  }

  /** Undefined: the work begins at once. `bytes`: of the request that it handles, or of what else shows how long it takes. */
  next(connection: object, bytes = 0, lane: Lane = 'work'): Promise<void> | undefined {
    if (this.#beginsAtOnce(connection, bytes)) return undefined;
    return new Promise((resolve) => this.#wait(connection, { bytes, begin: resolve }, lane));
  }

  /** Calls `begin` at once or in its turn. */
  soon(connection: object, begin: () => void, bytes = 0, lane: Lane = 'work'): void {
    if (this.#beginsAtOnce(connection, bytes)) begin();
    else this.#wait(connection, { bytes, begin }, lane);
  }

  #beginsAtOnce(connection: object, bytes: number): boolean {
    const { intake, work } = this.#lanes;
    if (intake.size > 0 || work.size > 0 || !this.#mayBegin(connection, bytes)) return false;
    this.#count(connection, bytes);
    return true;
  }

  #wait(connection: object, waiting: Waiting, lane: Lane): void {
    const line = this.#lanes[lane];
    const own = line.get(connection);
    if (own) own.push(waiting);
    else line.set(connection, [waiting]);
  }

  #mayBegin(connection: object, bytes: number): boolean {
    const until = this.#until ?? this.#open();
    const { count, bytes: begun, only } = this.#group;
    if (this.#now() >= until) return false;
    if (count === 0) return true;
    // A connection executes one query after the other, so the time of those before is known.
    const isKnown = begun + bytes <= GROUP_BYTES || (bytes === UNKNOWN_BYTES && only === connection);
    return count < this.#groupSize && isKnown;
  }

  #open(): number {
    const openedAt = this.#now();
    const passed = (): number => Math.min(MAX_PASSED, Math.floor((this.#now() - openedAt) / SLICE_MS));
    const isHeld = this.#accepting?.isBusy === true;
    setImmediate(() => this.#close(isHeld ? 1 : passed()));
    return (this.#until = isHeld ? -Infinity : openedAt + SLICE_MS);
  }

  #close(passed: number): void {
    if (passed > 0 || this.#accepting?.isBusy) {
      this.#until = -Infinity;
      return void setImmediate(() => this.#close(Math.max(0, passed - 1)));
    }
    this.#until = undefined;
    this.#first = this.#first === 'work' ? 'intake' : 'work';
    if (this.#group.count === 0) this.#beginNext();
  }

  #beginNext(): void {
    const { intake, work } = this.#lanes;
    const isWhole = this.#beginLine(this.#first === 'work' ? work : intake);
    if (isWhole) this.#beginLine(this.#first === 'work' ? intake : work);
  }

  /** Whether nothing waits in it any more. */
  #beginLine(line: Line): boolean {
    for (const [connection, waiting] of line) {
      const [next] = waiting;
      if (next && !this.#mayBegin(connection, next.bytes)) return false;
      waiting.shift();
      line.delete(connection);
      if (waiting.length > 0) line.set(connection, waiting);
      if (!next) continue;
      this.#count(connection, next.bytes);
      next.begin();
    }
    return true;
  }

  #count(connection: object, bytes: number): void {
    const group = this.#group;
    group.only = group.count === 0 || group.only === connection ? connection : undefined;
    group.bytes += bytes;
    if (group.count++ > 0) return;
    // After all that this group sets off.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#group = { count: 0, bytes: 0, only: undefined };
        this.#beginNext();
      }),
    );
  }
}
