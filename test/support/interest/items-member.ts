/** A subscriber of `items` in a random life (G1 to G5, G8). */
import type { DeliveredItem, Plan } from './doors.ts';
import { codeOf, insist, isKnown, isSame, Member, type Place, positionOf, type Rest, type World } from './member.ts';

export class ItemsMember extends Member<DeliveredItem> {
  /** It has everything that it is due up to here. */
  #at: number;
  /** Up to here it gets current items. It may move on while the subscription begins. */
  #cutoff: number;
  /** The newest head that shaped what it has of a snapshot; 0 when it has all of it. */
  #seen = 0;
  #remaining: number;
  /** Its cutoff is not known, because it started during a write, or starts again with another history. */
  #isVague = false;
  /** The cursor that it resumed from was lost. */
  readonly #isRefused: boolean;

  constructor(world: World, plan: Plan, place: Place) {
    super(world, plan, place);
    const { after } = place;
    this.#remaining = plan.limit ?? Infinity;
    this.#at = after === undefined ? 0 : positionOf(after);
    this.#cutoff = after === undefined ? world.oracle.head : this.#at;
    this.#isRefused = after !== undefined && !isKnown(world, after);
  }

  /** How many items its limit still allows. */
  get limit(): number | undefined {
    return this.#remaining === Infinity ? undefined : this.#remaining;
  }

  /** It may have taken its cutoff at any head up to the present one. */
  startedMeanwhile(): void {
    this.#isVague = this.after === undefined;
  }

  cross(shared: number, head: number): void {
    if (this.isOver) return;
    this.mayBeLost ||= head > shared;
    if (this.cursor !== undefined)
      this.isLost ||= positionOf(this.cursor) > shared || (this.#at < this.#seen && this.#seen > shared);
    else if (head > shared) {
      // It has received nothing, and starts again at a head that it has yet to see.
      [this.#at, this.#cutoff, this.#isVague] = [0, this.world.oracle.head, true];
    }
    this.#at = Math.min(this.#at, Math.max(0, shared));
    this.#cutoff = Math.min(this.#cutoff, this.world.oracle.head);
  }

  protected judge(fresh: readonly DeliveredItem[], rest: Rest): void {
    const isExact = rest.isExact && !this.#isVague;
    const { isFull } = this.socket;
    if (this.#isVague) this.#cutoff = this.world.oracle.head;
    if (this.#remaining === 0) return this.#complete(fresh);
    if (this.hasEnded && codeOf(this.error) === 'CURSOR_EXPIRED') {
      insist(fresh.length === 0 && this.cursor !== undefined, 'CURSOR_EXPIRED comes late', this.about);
      insist(this.#isRefused || this.mayBeLost, 'CURSOR_EXPIRED, and nothing is lost', this.about);
      return this.end();
    }
    insist(isFull || !(this.#isRefused || this.isLost), 'no CURSOR_EXPIRED', this.about);
    if (this.isLost) return insist(fresh.length === 0, 'delivers in a lost history', this.about);
    const due = this.#due();
    this.#checkEach(fresh, due);
    const lag = Math.max(this.#at, this.#cutoff);
    if (this.hasEnded && codeOf(this.error) === 'LAGGED') return this.#lagged(lag);
    const positions = fresh.map(({ cursor }) => positionOf(cursor));
    const all = due.slice(0, this.#remaining);
    const wanted = isFull ? all.slice(0, positions.length) : all;
    const details = { ...this.about, at: this.#at, cutoff: this.#cutoff, positions, wanted };
    if (isExact) insist(positions.join() === wanted.join(), 'not what is due', details);
    else if (!isFull && positions.length < this.#remaining)
      insist(
        due.every((position) => positions.includes(position)),
        'something is missing',
        details,
      );
    const needsFail = this.plan.onLag === 'FAIL' && this.#hasMissed(lag) && isExact && !isFull;
    insist(!needsFail, 'no LAGGED', details);
    this.#remaining -= positions.length;
    this.cursor = fresh.at(-1)?.cursor ?? this.cursor;
    const last = positions.at(-1);
    const isCached = last !== undefined && last <= Math.max(this.#cutoff, this.floor);
    if (isCached && isFull && isExact) this.#seen = this.world.oracle.head;
    if (!isFull) this.#seen = 0;
    this.#at = isFull ? (last ?? this.#at) : this.world.oracle.head;
    if (!isFull) [this.mayBeLost, this.#isVague] = [false, false];
    if (this.#remaining === 0) this.#complete([]);
    else insist(!this.hasEnded || this.#isAfterClose(), 'ended', { ...details, error: String(this.error) });
  }

  #isAfterClose(): boolean {
    return codeOf(this.error) === 'ENGINE_UNAVAILABLE' && this.world.map.source.isClosed;
  }

  /** G8: exactly so many. */
  #complete(fresh: readonly DeliveredItem[]): void {
    insist(fresh.length === 0, 'more than the limit', this.about);
    insist(this.hasEnded || this.socket.isFull, 'a limit does not end it', this.about);
    if (!this.hasEnded) return;
    insist(this.error === undefined, 'a limit ends it with an error', this.about);
    this.end();
  }

  #lagged(lag: number): void {
    const missed = this.floor - lag;
    const isPossible = this.#isVague || missed > 0;
    insist(this.plan.onLag === 'FAIL' && isPossible, 'LAGGED, and it has not', this.about);
    const { extensions } = this.error as { extensions: { missed: number; cursor: string } };
    const isRight = extensions.missed > 0 && (this.#isVague || extensions.missed <= missed);
    insist(isRight, 'LAGGED with a wrong number', { extensions, missed });
    if (this.cursor !== undefined) insist(extensions.cursor === this.cursor, 'LAGGED has another cursor', extensions);
    this.end();
  }

  /** Insertions that it still needed have left the window. What it doesn't need may count as missed, or not. */
  #hasMissed(from: number): boolean {
    return this.matching(from, this.floor).length > 0;
  }

  /** G1 and G4: the current items up to the cutoff or the floor, then every insertion. */
  #due(): number[] {
    const { oracle } = this.world;
    const bound = Math.max(this.#cutoff, this.floor);
    const current = oracle.at(oracle.head).filter((item) => this.isMine(item));
    const cached = current.filter(({ position }) => position > this.#at && position <= bound);
    const live = this.matching(Math.max(this.#at, bound));
    return [...cached, ...live].map(({ position }) => position);
  }

  #checkEach(fresh: readonly DeliveredItem[], due: readonly number[]): void {
    let previous = this.#at;
    for (const { key, value, cursor } of fresh) {
      const position = positionOf(cursor);
      const item = this.world.oracle.changes[position - 1]?.item;
      const details = { ...this.about, key, value, position, previous, due };
      insist(item?.key === key && isSame(item.value, value), 'not the item at its position', details);
      insist(this.isMine(item), 'an item that the filter excludes', details);
      insist(position > previous, 'G2 and G3: not rising', details);
      previous = position;
    }
  }
}
