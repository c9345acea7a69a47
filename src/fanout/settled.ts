/**
 * The members of a group that have everything which concerns them. They have no position: nothing that came since concerned them, so they
 * stand at the head without being visited. When a change concerns the group, its members get it in a **round**:
 *
 *     settled ──(a change concerns the filter)──▶ pending ──▶ round: one page, rendered once, given to each member
 *        ▲                                                      │
 *        └──────────────────────(nothing pending)───────────────┘
 *
 * A round may take several slots, and the head moves on meanwhile: what comes then is given in the next round. A member that the page does
 * not suit (its outlet is full, its limit ends within the page) goes on alone from where the round began. So do all of them when what they
 * need has left the window, another replica is shown, or the map is closed.
 */
import type { Place, Position } from '../core/model/position.ts';
import { hasLostRemoval, isCaughtUp, missed, type ReadPosition } from '../core/replica/read.ts';
import { type Held, holds, valuesOf, withoutValue, withValue } from '../core/interest/held-values.ts';
import type { Listener } from '../core/interest/watch.ts';
import type { Sent } from '../core/subscriptions/item-changes.ts';
import type { Source } from '../core/subscriptions/items.ts';
import type { RenderedPage } from './rendered-page.ts';

/** A subscriber, as its group sees it. */
export interface Member {
  /** Whether the group has its position. */
  isSettled: boolean;
  /** The group's last round that it took part in. */
  round: number;
  readonly outlet: { readonly isFull: boolean };
  /** How many items its limit still allows; undefined without a limit. */
  readonly remaining: number | undefined;
  /** The position of a mirror's last message. */
  readonly toldAt: Position;
  take(page: RenderedPage, sent: Sent): void;
  /** Goes on alone from its own position. */
  goOn(spent: number): void;
  /** Is not settled any more, has everything up to the place, and goes on alone. */
  goOnAt(place: Place): void;
}

/** The group. */
export interface ConcernedPages {
  readonly kind: 'items' | 'itemChanges';
  readonly source: Source<unknown>;
  /**
   * What follows a position near the head. `positions`: of all changes since then that pass the filter, if they are known: then nothing else
   * is looked at.
   */
  concerned(readPosition: ReadPosition, positions: readonly Position[] | undefined): RenderedPage;
}

/** The fan-out, as settled members see it. */
export interface RoundHost {
  /** To be called when the members have something to get. */
  concerned(settled: Settled): void;
}

interface Round {
  readonly page: RenderedPage;
  /** Where the members stood that have not got the page yet. */
  readonly from: Place;
  /** Where the page ends, if it could not hold everything. */
  readonly rest: Place | undefined;
  readonly sent: Sent;
  readonly members: Iterator<Member>;
}

/** Positions of pending changes that are noted. With more of them, the window is searched. */
const MAX_PENDING = 128;
/** Replaced when a change comes. */
const NONE: Position[] = [];

export class Settled implements Listener {
  readonly #group: ConcernedPages;
  readonly #host: RoundHost;
  #members: Held<Member> | undefined;
  /** Members at the head that must wait until the round has ended. */
  #late: Set<Member> | undefined;
  /** Where the members stand, while changes are pending. */
  #from: Place | undefined;
  /** Positions of the pending changes. Undefined when there are too many. */
  #pending: Position[] | undefined = NONE;
  #round: Round | undefined;
  /** The number of the last round. */
  #number = 0;

  constructor(group: ConcernedPages, host: RoundHost) {
    this.#group = group;
    this.#host = host;
  }

  concern(position: Position, before: Place): void {
    if (!this.#members) return;
    if (!this.#from) {
      this.#from = before;
      this.#pending = [];
      this.#group.source.interest.idle.delete(this);
      this.#host.concerned(this);
    }
    if (this.#pending && this.#pending.length < MAX_PENDING) this.#pending.push(position);
    else this.#pending = undefined;
  }

  wake(before: Place): void {
    const round = this.#round;
    const standing = round?.rest ?? this.#from ?? before;
    this.#group.source.interest.idle.delete(this);
    this.#clear();
    this.#round = undefined;
    for (const member of valuesOf(this.#members)) {
      const hasPage = !round || member.round === this.#number;
      this.#leave(member, hasPage ? standing : round.from);
    }
    this.#visitLate();
  }

  /** To be called in the synchronous block in which the member, which is at the head, has read up to it. */
  add(member: Member): void {
    // Everything that is pending becomes the round's, so that the member stands where the round ends.
    if (!this.#round) this.#begin();
    if (this.#from || this.#round?.rest) return void (this.#late ??= new Set()).add(member);
    member.isSettled = true;
    member.round = this.#number;
    if (!this.#members && !this.#round) this.#keepFresh(member.toldAt);
    this.#members = withValue(this.#members, member);
  }

  remove(member: Member): void {
    this.#late?.delete(member);
    if (!this.#delete(member) || this.#members) return;
    this.#group.source.interest.idle.delete(this);
  }

  /** Gives the page to the next member. Returns false when the round is over. */
  next(): boolean {
    const round = this.#round ?? this.#begin();
    for (let next = round?.members.next(); round && !next?.done; next = round.members.next()) {
      const member = next?.value as Member;
      if (member.round === this.#number || !holds(this.#members, member)) continue;
      member.round = this.#number;
      this.#give(round, member);
      return true;
    }
    if (round) this.#end(round);
    return false;
  }

  #begin(): Round | undefined {
    const from = this.#from;
    if (!from) return undefined;
    const { replica } = this.#group.source;
    const readPosition = { at: from, cutoff: from };
    if (!this.#members) this.#clear();
    else if (missed(replica, readPosition) > 0 || hasLostRemoval(replica, readPosition)) this.wake(from);
    if (!this.#from) return undefined;
    const page = this.#group.concerned(readPosition, this.#pending);
    this.#clear();
    const { at } = page.next;
    const rest = isCaughtUp(replica, page.next) ? undefined : at;
    // Removals are nothing to subscribers of `items`, and a message without changes is nothing to mirrors that are not yet at the head.
    const isEmpty = page.count === 0 || (page.changes.length === 0 && !page.caughtUp);
    if (isEmpty && !rest) return undefined;
    const sent = { caughtUp: page.caughtUp, position: at.position };
    this.#number++;
    const members = valuesOf(isEmpty ? undefined : this.#members);
    return (this.#round = { page, from, rest, sent, members });
  }

  #give({ page, from, sent }: Round, member: Member): void {
    if (member.outlet.isFull || (member.remaining ?? Infinity) < page.count) this.#leave(member, from);
    else member.take(page, sent);
  }

  #end({ rest, sent }: Round): void {
    this.#round = undefined;
    if (rest) [this.#from, this.#pending] = [rest, undefined];
    if (this.#from) this.#host.concerned(this);
    else if (this.#members) this.#keepFresh(sent.position);
    this.#visitLate();
  }

  #leave(member: Member, place: Place): void {
    this.#delete(member);
    member.goOnAt(place);
  }

  #delete(member: Member): boolean {
    if (!this.#members || !holds(this.#members, member)) return false;
    this.#members = withoutValue(this.#members, member);
    return true;
  }

  #visitLate(): void {
    for (const member of this.#late ?? []) member.goOn(0);
    this.#late = undefined;
  }

  #clear(): void {
    this.#from = undefined;
    this.#pending = NONE;
  }

  /** A mirror's cursor must not leave the window. */
  #keepFresh(toldAt: Position): void {
    const { kind, source } = this.#group;
    if (kind === 'itemChanges') source.interest.idle.add(this, toldAt);
  }
}
