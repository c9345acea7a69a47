/** One subscriber of a random life, and what it must see. */
import { parseCursor } from '../../../src/core/model/cursor.ts';
import { passes } from '../../../src/core/input/key-filter.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { Oracle, OracleChange } from '../model/oracle.ts';
import { oracleMatches } from '../where/oracle.ts';
import type { DeliveredChanges, DeliveredItem, Door, Opened, Plan } from './doors.ts';
import type { FakeSocket } from './fake-socket.ts';

export interface World {
  readonly map: StreamingMap;
  oracle: Oracle<unknown>;
  readonly window: number;
  /** How many deliveries were checked. */
  deliveries: number;
  /** How many of them told a mirror that an item does not match. */
  unmatched: number;
  /** Whether the node may have forgotten what changes in its window have superseded. */
  isRebuilt: boolean;
}

export interface Place {
  readonly door: Door;
  readonly socket: FakeSocket;
  readonly id: string;
  /** The cursor that it resumes from. */
  readonly after?: string | undefined;
}

/** How the last step went. */
export interface Rest {
  /** One command at most: then the delivered sequence has one form. */
  readonly isExact: boolean;
}

/** Throws with all that helps to read a failed life. */
export function insist(holds: boolean, what: string, details: object = {}): asserts holds {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(details)}`);
}

/** Of JSON values, which keep the order of their members. */
export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export const positionOf = (cursor: string): number => parseCursor(cursor).place.position;

export abstract class Member<Delivered extends DeliveredItem | DeliveredChanges> {
  readonly plan: Plan;
  readonly socket: FakeSocket;
  protected readonly world: World;
  protected readonly after: string | undefined;
  /** The deliveries since the last check. */
  protected fresh: Delivered[] = [];
  protected error: unknown;
  protected hasEnded = false;
  /** Nothing more is expected of it. */
  isOver = false;
  /** The last cursor of the client. */
  cursor: string | undefined;
  /** Up to here the node may have lost changes that the subscription has seen. */
  protected mayBeLost = false;
  protected isLost = false;
  readonly #opened: Opened;

  constructor(world: World, plan: Plan, { door, socket, id, after }: Place) {
    this.world = world;
    this.plan = plan;
    this.socket = socket;
    this.after = after;
    this.cursor = after;
    this.#opened = door(
      { ...plan, id, socket, after },
      {
        receive: (delivered) => void this.fresh.push(delivered as Delivered),
        end: (error) => {
          this.hasEnded = true;
          this.error = error;
        },
      },
    );
  }

  /** Everything that is due has come: checks it. */
  check(rest: Rest): void {
    if (this.isOver) return insist(this.fresh.length === 0, 'something comes after the end', { fresh: this.fresh });
    const fresh = this.fresh;
    this.fresh = [];
    this.world.deliveries += fresh.length;
    this.judge(fresh, rest);
  }

  protected abstract judge(fresh: readonly Delivered[], rest: Rest): void;

  /** The node has rebuilt its map from a log that agrees only up to `shared`. `head`: the position of the head before. */
  abstract cross(shared: number, head: number): void;

  /** G10. What was on its way comes no more. */
  leave(): void {
    this.#opened.leave();
    this.isOver = true;
    this.fresh = [];
  }

  /** What the client continues with; undefined: nothing of what it has is left in the log. */
  get resumption(): string | undefined {
    return this.isLost ? undefined : this.cursor;
  }

  /** The map has been closed, and everything that is due has come. */
  checkClosed(rest: Rest): void {
    this.check(rest);
    if (this.isOver || this.socket.isFull) return;
    insist(this.hasEnded, 'a subscription at the head of a closed map has not ended', this.about);
    insist(codeOf(this.error) === 'ENGINE_UNAVAILABLE', 'ended otherwise', {
      ...this.about,
      error: codeOf(this.error),
    });
  }

  protected end(): void {
    this.isOver = true;
  }

  /** The oldest position that is not in the window. */
  protected get floor(): number {
    return Math.max(0, this.world.oracle.head - this.world.window);
  }

  protected hasKey(key: string): boolean {
    return passes(this.plan.filter, key);
  }

  /** Whether an item is one that the filter shows. */
  protected isMine(item: { readonly key: string; readonly value: unknown } | undefined): boolean {
    if (!item || !this.hasKey(item.key)) return false;
    const { where, given } = this.plan.filter;
    insist(where === undefined || given !== undefined, 'a filter that the oracle does not know');
    return given === undefined || oracleMatches(item.value, given as Readonly<Record<string, unknown>>);
  }

  /** The insertions after a position that match. */
  protected matching(from: number, to = Infinity): OracleChange<unknown>[] {
    return this.world.oracle.changes.slice(from, to).filter(({ item }) => this.isMine(item));
  }

  /** The changes after a position that change what matches. */
  protected concerning(from: number): OracleChange<unknown>[] {
    return this.world.oracle.changes
      .slice(from)
      .filter(({ item, superseded }) => this.isMine(item) || this.isMine(superseded));
  }

  protected get about(): object {
    const { filter, ...plan } = this.plan;
    const { keys, prefix, given } = filter;
    return {
      ...plan,
      prefix,
      where: given,
      keys: keys && [...keys].slice(0, 10),
      cursor: this.cursor,
      floor: this.floor,
      hasEnded: this.hasEnded,
      error: String(this.error),
    };
  }
}

/** The code of a product's error. */
export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code ?? error;

/** Whether the log still has the history of a cursor, as far as the node knows. */
export function isKnown({ map: { replica } }: World, cursor: string): boolean {
  const { epoch, place, cutoff = place, seen = cutoff } = parseCursor(cursor);
  if (epoch !== replica.epoch || seen.position > replica.head.position) return false;
  return [place, cutoff, seen].every(({ position, digest }) => (replica.digestAt(position) ?? digest) === digest);
}
