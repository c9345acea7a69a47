/**
 * The members of a group that have everything which concerns them. They have no position: nothing that came since concerned them, so they
 * stand at the head without being visited. When a change concerns the group, it is **pending** until each member was given it:
 *
 *     settled ──(a change concerns the filter)──▶ pending ──▶ each member in turn: a page up to the head
 *        ▲                                                      │
 *        └────────────────(no member lacks anything)────────────┘
 *
 * The members are visited in turn, again and again, in as many slots as it takes. The head moves on meanwhile, and a member that is reached
 * late gets more at once. Members that follow each other mostly stand at the same place, so a page is read and rendered once for all of them.
 *
 * A member that a page does not suit (its outlet is full, its limit ends within it, the window has lost a part of it) goes on alone from its
 * place. So do all of them when another replica is shown or the map is closed.
 */
import { ORIGIN, type Place, type Position, START } from '../core/model/position.ts';
import { missed } from '../core/replica/read.ts';
import { type Held, holds, valuesOf, withoutValue, withValue } from '../core/interest/held-values.ts';
import type { Listener } from '../core/interest/watch.ts';
import type { Sent } from '../core/subscriptions/item-changes.ts';
import type { Source } from '../core/subscriptions/items.ts';
import type { RenderedPage } from './rendered-page.ts';

/** A subscriber, as its group sees it. */
export interface Member {
  /** Whether the group has its position. */
  isSettled: boolean;
  /** Where it stands, if it was given something since changes are pending: in that period of the group. */
  place: Place | undefined;
  period: number;
  readonly outlet: { readonly isFull: boolean };
  /** How many items its limit still allows; undefined without a limit. */
  readonly remaining: number | undefined;
  /** The place of a mirror's last message. */
  readonly toldAt: Place;
  take(page: RenderedPage, sent: Sent): void;
  /** Is not settled any more, has everything up to the place, and goes on alone. */
  goOnAt(place: Place): void;
}

/** The group. */
export interface ConcernedPages {
  readonly kind: 'items' | 'itemChanges';
  readonly source: Source<unknown>;
  /** What follows a place near the head. */
  concerned(at: Place, pending: Pending): RenderedPage;
  /** Lets the settled members know of everything that is applied. */
  catchUp(): void;
  /** Drops the pages that are kept. */
  forget(): void;
}

/** The changes that a page must show. */
export interface Pending {
  /** The last one. */
  readonly last: Position;
  /** All of them since the place, if they are known: then nothing else is looked at. */
  readonly positions: readonly Position[] | undefined;
  /** No message that the mirrors were sent last is older. */
  readonly told: Place;
}

/** The fan-out, as settled members see it. */
export interface SettledHost {
  /** To be called when the members have something to get. */
  concerned(settled: Settled): void;
}

/** The page that was read last. */
interface LastPage {
  readonly from: Position;
  readonly told: Place;
  readonly head: Place;
  readonly page: RenderedPage;
  readonly sent: Sent;
}

/** Positions of pending changes that are noted. With more of them, the window is searched. */
const MAX_PENDING = 128;
/** Replaced when a change comes. */
const NONE: Position[] = [];

export class Settled implements Listener {
  readonly #group: ConcernedPages;
  readonly #host: SettledHost;
  #members: Held<Member> | undefined;
  #size = 0;
  /** Where the members stand that were given nothing since changes are pending. Undefined: nothing is pending. */
  #from: Place | undefined;
  #period = 0;
  /** The last change that is pending. */
  #last: Position = START;
  /** Each member's last message is from here or later, and was told of everything before the pending changes. */
  #told: Place = ORIGIN;
  /** The oldest last message of the members that were added since changes are pending. */
  #addedTold: Place | undefined;
  /** Positions of the pending changes. Undefined when there are too many. */
  #pending: Position[] | undefined = NONE;
  /** Members that lack something. */
  #lacking = 0;
  #turn: Iterator<Member> | undefined;
  #page: LastPage | undefined;

  constructor(group: ConcernedPages, host: SettledHost) {
    this.#group = group;
    this.#host = host;
  }

  concern(position: Position, before: Place): void {
    if (!this.#members) return;
    if (!this.#from) {
      this.#from = before;
      this.#period++;
      this.#pending = [];
      this.#group.source.interest.idle.delete(this);
      this.#host.concerned(this);
    }
    this.#last = position;
    this.#lacking = this.#size;
    if (this.#pending && this.#pending.length < MAX_PENDING) this.#pending.push(position);
    else this.#pending = undefined;
  }

  wake(before: Place): void {
    // A change that is noted only now has come first.
    this.#group.catchUp();
    this.#group.forget();
    const leaving = [...valuesOf(this.#members)].map((member) => {
      const place = this.#placeOf(member, this.#from ?? before);
      return { member, place: this.#lacks(place) ? place : before };
    });
    this.#group.source.interest.idle.delete(this);
    this.#members = undefined;
    this.#size = 0;
    this.#clear();
    for (const { member, place } of leaving) member.goOnAt(place);
  }

  /** To be called in the synchronous block in which the member, which is at the head, has read up to it. */
  add(member: Member): void {
    // The member has read what is noted only now.
    this.#group.catchUp();
    const { toldAt } = member;
    if (!this.#members || toldAt.position < this.#told.position) this.#told = toldAt;
    if (this.#from && toldAt.position < (this.#addedTold?.position ?? Infinity)) this.#addedTold = toldAt;
    if (!this.#members && !this.#from) this.#keepFresh(toldAt.position);
    member.isSettled = true;
    member.place = this.#group.source.replica.head;
    member.period = this.#period;
    this.#members = withValue(this.#members, member);
    this.#size++;
  }

  remove(member: Member): void {
    if (!this.#members || !holds(this.#members, member)) return;
    if (this.#from && this.#lacks(this.#placeOf(member, this.#from))) this.#lacking--;
    this.#members = withoutValue(this.#members, member);
    this.#size--;
    if (this.#members) return;
    this.#group.source.interest.idle.delete(this);
    this.#clear();
  }

  /** Gives the next member what it lacks. Returns false when each member had its turn; the host is told if there is more. */
  next(): boolean {
    if (!this.#from) return false;
    this.#group.catchUp();
    this.#turn ??= valuesOf(this.#members);
    for (let next = this.#turn.next(); this.#lacking > 0 && !next.done; next = this.#turn.next()) {
      const member = next.value;
      const place = this.#placeOf(member, this.#from);
      if (!this.#lacks(place) || !holds(this.#members, member)) continue;
      this.#give(member, place);
      return true;
    }
    this.#turn = undefined;
    if (this.#lacking > 0) this.#host.concerned(this);
    else this.#settle();
    return false;
  }

  #give(member: Member, place: Place): void {
    const isLagging = missed(this.#group.source.replica, { at: place, cutoff: place }) > 0;
    if (member.outlet.isFull || isLagging) return this.#leave(member, place);
    // One that was given something stands where its last message says; the others had their last messages at various places.
    const wasTold = place !== this.#from && member.toldAt.position === place.position;
    const { page, sent } = this.#pageAfter(place, wasTold ? place : this.#told);
    if ((member.remaining ?? Infinity) < page.count) return this.#leave(member, place);
    member.place = page.next.at;
    member.period = this.#period;
    if (!this.#lacks(page.next.at)) this.#lacking--;
    // Removals are nothing to subscribers of `items`, and a message without changes is nothing to mirrors that are not yet at the head.
    const isEmpty = page.count === 0 || (page.changes.length === 0 && !page.caughtUp);
    if (!isEmpty) member.take(page, sent);
  }

  #pageAfter(place: Place, told: Place): LastPage {
    const { head } = this.#group.source.replica;
    const last = this.#page;
    if (last?.from === place.position && last.head === head && last.told.position === told.position) return last;
    const positions = this.#pending?.filter((position) => position > place.position);
    const page = this.#group.concerned(place, { last: this.#last, positions, told });
    const sent = { caughtUp: page.caughtUp, next: page.next };
    return (this.#page = { from: place.position, told, head, page, sent });
  }

  #placeOf({ place, period }: Member, from: Place): Place {
    return place && this.#from && period === this.#period ? place : from;
  }

  /** Whether a member at this place lacks a pending change. */
  #lacks({ position }: Place): boolean {
    return this.#from !== undefined && position < this.#last;
  }

  #leave(member: Member, place: Place): void {
    this.remove(member);
    member.goOnAt(place);
  }

  #settle(): void {
    if (this.#members) this.#keepFresh(this.#last);
    // A member that had nothing to get may have had its last message before the change.
    const isAddedTold = this.#addedTold && this.#addedTold.position < this.#last;
    const digest = this.#group.source.replica.digestAt(this.#last);
    if (isAddedTold) this.#told = this.#addedTold ?? this.#told;
    else if (digest !== undefined) this.#told = { position: this.#last, digest };
    this.#clear();
  }

  #clear(): void {
    this.#from = undefined;
    this.#addedTold = undefined;
    this.#pending = NONE;
    this.#lacking = 0;
    this.#turn = undefined;
    this.#page = undefined;
  }

  /** A mirror's cursor must not leave the window. */
  #keepFresh(toldAt: Position): void {
    const { kind, source } = this.#group;
    if (kind === 'itemChanges') source.interest.idle.add(this, toldAt);
  }
}
