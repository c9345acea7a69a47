/**
 * Subscribers with the same selection and the same filter. A page is rendered once for all of them that read from the same position
 * until the head moves on: positions make subscribers comparable, no matter when each of them joined.
 */
import type { ItemFilter } from '../core/input/item-filter.ts';
import { isRemoval } from '../core/model/change.ts';
import { type ChangesSteps, MAX_ENTRIES, messageOf } from '../core/subscriptions/item-changes.ts';
import type { ItemPages, Source } from '../core/subscriptions/items.ts';
import type { Watch } from '../core/interest/watch.ts';
import type { Place } from '../core/model/position.ts';
import {
  isCaughtUp,
  isInSnapshot,
  type Page,
  read,
  readAt,
  type ReadPosition,
  type View,
} from '../core/replica/read.ts';
import { encode } from './frames.ts';
import { RenderedPage } from './rendered-page.ts';
import type { Selection } from './selection/selections.ts';
import { type ConcernedPages, type Pending, type SettledHost, Settled } from './settled.ts';

/** A batch may be divided, because items are sent one by one. */
const ITEMS_AT_ONCE = 128;

export interface GroupParts {
  readonly kind: 'items' | 'itemChanges';
  readonly source: Source<unknown>;
  readonly filter: ItemFilter;
  /** Of the filter: see `filterName`. */
  readonly name: string;
  readonly selection: Selection;
  readonly host: GroupHost;
}

/** The fan-out, as its groups see it. */
export interface GroupHost extends SettledHost {
  /** To be called before a page is kept. */
  keepsPage(group: Group): void;
}

export class Group implements ItemPages<RenderedPage>, ChangesSteps<RenderedPage>, ConcernedPages {
  readonly kind: GroupParts['kind'];
  readonly source: Source<unknown>;
  readonly selection: Selection;
  /** The members that have everything. */
  readonly settled: Settled;
  /** Of subscribers. */
  size = 0;
  readonly #watch: Watch;
  readonly #host: GroupHost;
  #kept: Map<number | string, RenderedPage> | undefined;
  #head: Place | undefined;

  /** To be closed. */
  constructor({ kind, source, filter, name, selection, host }: GroupParts) {
    this.kind = kind;
    this.source = source;
    this.selection = selection;
    this.#host = host;
    this.settled = new Settled(this, host);
    this.#watch = source.interest.listen(filter, this.settled, kind === 'itemChanges', name);
  }

  /** Of the filter. */
  get name(): string {
    return this.#watch.name;
  }

  /** Lets the settled members know of everything that is applied. */
  catchUp(): void {
    this.#watch.catchUp();
  }

  close(): void {
    this.source.interest.unlisten(this.#watch, this.settled);
  }

  /** For `items`, at most `max` of them. */
  items(readPosition: ReadPosition, max: number): RenderedPage {
    const rendered = this.#page(readPosition, false, undefined);
    return rendered.count <= max ? rendered : this.#read(readPosition, false, undefined, max);
  }

  /** For `itemChanges`, one message. */
  changes(readPosition: ReadPosition, reset: boolean, follows: ReadPosition | undefined): RenderedPage {
    return this.#page(readPosition, reset, follows);
  }

  concerned(at: Place, { last, positions, told }: Pending): RenderedPage {
    const { replica } = this.source;
    const { head } = replica;
    const page =
      (positions && readAt(replica, positions, this.#view)) ?? read(replica, { at, cutoff: at }, this.#max, this.#view);
    // Nothing after the last one concerns the filter.
    const next = page.next.at.position >= last ? { at: head, cutoff: head } : page.next;
    return this.#rendered({ changes: page.changes, next }, false, { at: told, cutoff: told });
  }

  /** Drops the rendered pages. */
  forget(): void {
    this.#kept = undefined;
  }

  get #max(): number {
    return this.kind === 'items' ? ITEMS_AT_ONCE : MAX_ENTRIES;
  }

  get #view(): View {
    return { ...this.#watch.filter, isMirror: this.kind === 'itemChanges' };
  }

  #page(readPosition: ReadPosition, reset: boolean, follows: ReadPosition | undefined): RenderedPage {
    this.catchUp();
    const { head } = this.source.replica;
    if (head !== this.#head) this.forget();
    this.#head = head;
    const name = nameOf(readPosition, reset, follows);
    let rendered = this.#kept?.get(name);
    if (rendered) return rendered;
    rendered = this.#read(readPosition, reset, follows, this.#max);
    // Another subscriber would share it; there is none.
    if (this.size === 1) return rendered;
    this.#host.keepsPage(this);
    this.#kept ??= new Map();
    this.#kept.set(name, rendered);
    return rendered;
  }

  #read(readPosition: ReadPosition, reset: boolean, follows: ReadPosition | undefined, max: number): RenderedPage {
    return this.#rendered(read(this.source.replica, readPosition, max, this.#view), reset, follows);
  }

  #rendered(page: Page<unknown>, reset: boolean, follows: ReadPosition | undefined): RenderedPage {
    const { replica } = this.source;
    const next = settled(page.next);
    const { changes } = page;
    if (this.kind === 'items') {
      const items = changes.filter((change) => !isRemoval(change));
      const step = { page: { changes, next }, reset, caughtUp: false };
      return new RenderedPage(step, { count: items.length, last: items.at(-1) }, () =>
        items.map((item) => ({ body: encode(this.selection.render(item)), delivered: item })),
      );
    }
    const { isSumKnown } = this.#watch;
    const step = { page: { changes, next }, reset, caughtUp: isCaughtUp(replica, next) && isSumKnown };
    const message = messageOf(replica, step, follows, this.#watch);
    return new RenderedPage(step, { count: 1, last: message }, () => [
      { body: encode(this.selection.render(message)), delivered: message },
    ]);
  }
}

/** A position past its cutoff and past all that it has seen equals every other position there. */
function settled(readPosition: ReadPosition): ReadPosition {
  const { at, seen } = readPosition;
  const isSettled = !isInSnapshot(readPosition) && at.position >= (seen?.position ?? 0);
  return isSettled ? { at, cutoff: at } : readPosition;
}

function nameOf(
  { at, cutoff, seen }: ReadPosition,
  reset: boolean,
  follows: ReadPosition | undefined,
): number | string {
  const isPlace = (one: ReadPosition): boolean => one.cutoff === one.at && (one.seen?.position ?? 0) <= at.position;
  const followsSame = !follows || (isPlace(follows) && follows.at.position === at.position);
  if (isPlace({ at, cutoff, seen }) && !reset && followsSame) return at.position;
  const last = follows && `${follows.at.position} ${follows.cutoff.position} ${follows.seen?.position}`;
  return `${at.position} ${cutoff.position} ${seen?.position} ${reset} ${last}`;
}
