/**
 * Subscribers with the same selection and the same filter. A page is rendered once for all of them that read from the same position
 * until the head moves on: positions make subscribers comparable, no matter when each of them joined.
 */
import type { KeyFilter } from '../core/input/key-filter.ts';
import { isRemoval } from '../core/model/change.ts';
import { type ChangesStep, type ChangesSteps, MAX_ENTRIES, messageOf } from '../core/subscriptions/item-changes.ts';
import type { ItemPages, Source } from '../core/subscriptions/items.ts';
import type { Cursor, Place, Position } from '../core/model/position.ts';
import { isCaughtUp, isInSnapshot, type Page, read, readAt, type ReadPosition } from '../core/replica/read.ts';
import { encode, type WireText } from './frames.ts';
import type { Selection } from './selections.ts';

/** One result, without the parts that may differ among subscribers. */
export interface Result {
  /** `{"data":…` without the closing brace. */
  readonly body: WireText;
  readonly cursor: Cursor;
}

/** A batch may be divided, because items are sent one by one. */
const ITEMS_AT_ONCE = 128;

/**
 * The results that follow a read position: at most one chunk. It is rendered for each form in which it is framed, and kept only in
 * these forms: keeping the results as well would double what survives the next garbage collections.
 */
export class RenderedPage implements ChangesStep<unknown> {
  readonly page: Page<unknown>;
  readonly reset: boolean;
  readonly caughtUp: boolean;
  /** Of results. */
  readonly count: number;
  /** Of the last result. */
  readonly lastCursor: Cursor | undefined;
  readonly #render: () => readonly Result[];
  readonly #forms = new Map<number | string, unknown>();

  constructor(
    { page, reset, caughtUp }: ChangesStep<unknown>,
    { count, lastCursor }: Sent,
    render: () => readonly Result[],
  ) {
    this.page = page;
    this.reset = reset;
    this.caughtUp = caughtUp;
    this.count = count;
    this.lastCursor = lastCursor;
    this.#render = render;
  }

  get next(): ReadPosition {
    return this.page.next;
  }

  get changes(): Page<unknown>['changes'] {
    return this.page.changes;
  }

  /** The results in a form that its users share, made once. */
  shared<Form>(name: number | string, make: (results: readonly Result[]) => Form): Form {
    let form = this.#forms.get(name) as Form | undefined;
    if (form === undefined) this.#forms.set(name, (form = make(this.#render())));
    return form;
  }

  /** For a form that is not shared. */
  get results(): readonly Result[] {
    return this.shared('results', (results) => results);
  }
}

interface Sent {
  readonly count: number;
  readonly lastCursor: Cursor | undefined;
}

export interface GroupParts {
  readonly name: string;
  readonly kind: 'items' | 'itemChanges';
  readonly source: Source<unknown>;
  readonly filter: KeyFilter;
  readonly selection: Selection;
  /** Called before a page is kept. */
  readonly onKept: (group: Group) => void;
}

export class Group implements ItemPages<RenderedPage>, ChangesSteps<RenderedPage> {
  readonly name: string;
  readonly kind: GroupParts['kind'];
  readonly source: Source<unknown>;
  readonly selection: Selection;
  /** Of subscribers. */
  size = 0;
  readonly #filter: KeyFilter;
  readonly #onKept: GroupParts['onKept'];
  #kept: Map<number | string, RenderedPage> | undefined;
  #head: Place | undefined;

  constructor({ name, kind, source, filter, selection, onKept }: GroupParts) {
    this.name = name;
    this.kind = kind;
    this.source = source;
    this.selection = selection;
    this.#filter = filter;
    this.#onKept = onKept;
  }

  /** For `items`, at most `max` of them. */
  items(readPosition: ReadPosition, max: number): RenderedPage {
    const rendered = this.#page(readPosition, false);
    return rendered.count <= max ? rendered : this.#read(readPosition, false, max);
  }

  /** For `itemChanges`, one message. */
  changes(readPosition: ReadPosition, reset: boolean): RenderedPage {
    return this.#page(readPosition, reset);
  }

  /**
   * What follows a position near the head. `positions`: of all changes since then that pass the filter, if they are known: then nothing else
   * is looked at.
   */
  concerned(readPosition: ReadPosition, positions: readonly Position[] | undefined): RenderedPage {
    const { replica } = this.source;
    const page = positions && readAt(replica, positions);
    return this.#rendered(page ?? read(replica, readPosition, this.#max, this.#filter), false);
  }

  /** Drops the rendered pages. */
  forget(): void {
    this.#kept = undefined;
  }

  get #max(): number {
    return this.kind === 'items' ? ITEMS_AT_ONCE : MAX_ENTRIES;
  }

  #page(readPosition: ReadPosition, reset: boolean): RenderedPage {
    const { head } = this.source.replica;
    if (head !== this.#head) this.forget();
    this.#head = head;
    const name = nameOf(readPosition, reset);
    let rendered = this.#kept?.get(name);
    if (rendered) return rendered;
    rendered = this.#read(readPosition, reset, this.#max);
    // Another subscriber would share it; there is none.
    if (this.size === 1) return rendered;
    this.#onKept(this);
    this.#kept ??= new Map();
    this.#kept.set(name, rendered);
    return rendered;
  }

  #read(readPosition: ReadPosition, reset: boolean, max: number): RenderedPage {
    return this.#rendered(read(this.source.replica, readPosition, max, this.#filter), reset);
  }

  #rendered(page: Page<unknown>, reset: boolean): RenderedPage {
    const { replica } = this.source;
    const next = settled(page.next);
    const { changes } = page;
    if (this.kind === 'items') {
      const items = changes.filter((change) => !isRemoval(change));
      const step = { page: { changes, next }, reset, caughtUp: false };
      return new RenderedPage(step, { count: items.length, lastCursor: items.at(-1)?.cursor }, () =>
        items.map((item) => ({ body: encode(this.selection.render(item)), cursor: item.cursor })),
      );
    }
    const step = { page: { changes, next }, reset, caughtUp: isCaughtUp(replica, next) };
    const message = messageOf(replica, step, this.#filter);
    return new RenderedPage(step, { count: 1, lastCursor: message.cursor }, () => [
      { body: encode(this.selection.render(message)), cursor: message.cursor },
    ]);
  }
}

/** A position past its cutoff and past all that it has seen equals every other position there. */
function settled(readPosition: ReadPosition): ReadPosition {
  const { at, seen } = readPosition;
  const isSettled = !isInSnapshot(readPosition) && at.position >= (seen?.position ?? 0);
  return isSettled ? { at, cutoff: at } : readPosition;
}

function nameOf({ at, cutoff, seen }: ReadPosition, reset: boolean): number | string {
  if (cutoff === at && !reset) return at.position;
  return `${at.position} ${cutoff.position} ${seen?.position} ${reset}`;
}
