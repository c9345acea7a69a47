/**
 * Subscribers with the same selection and the same filter. A page is rendered once for all of them that read from the same position
 * until the head moves on: positions make subscribers comparable, no matter when each of them joined.
 */
import type { KeyFilter } from '../core/input/key-filter.ts';
import { isRemoval } from '../core/model/change.ts';
import { type ChangesStep, type ChangesSteps, messageOf, readStep } from '../core/subscriptions/item-changes.ts';
import type { ItemPages, Source } from '../core/subscriptions/items.ts';
import type { Cursor, Place } from '../core/model/position.ts';
import { isInSnapshot, type Page, read, type ReadPosition } from '../core/replica/read.ts';
import { encode, type WireText } from './frames.ts';

/** One result, without the parts that may differ among subscribers. */
export interface Result {
  /** `{"data":…` without the closing brace. */
  readonly body: WireText;
  /** The item or the message. Its cursor is formatted when it is read, so only forms that show it read it. */
  readonly delivered: { readonly cursor: Cursor };
}

/** The JSON of an item or of an `itemChanges` message as it is selected, without the closing brace. Never fails. */
export type RenderResult = (delivered: unknown) => string;

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
  readonly render: RenderResult;
  /** Called before a page is kept. */
  readonly onKept: () => void;
}

export class Group implements ItemPages<RenderedPage>, ChangesSteps<RenderedPage> {
  readonly name: string;
  readonly kind: GroupParts['kind'];
  /** Of subscribers. */
  size = 0;
  readonly #source: Source<unknown>;
  readonly #filter: KeyFilter;
  readonly #render: RenderResult;
  readonly #onKept: () => void;
  readonly #kept = new Map<number | string, RenderedPage>();
  #head: Place | undefined;

  constructor({ name, kind, source, filter, render, onKept }: GroupParts) {
    this.name = name;
    this.kind = kind;
    this.#source = source;
    this.#filter = filter;
    this.#render = render;
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

  /** Drops the rendered pages. */
  forget(): void {
    this.#kept.clear();
  }

  #page(readPosition: ReadPosition, reset: boolean): RenderedPage {
    const { head } = this.#source.replica;
    if (head !== this.#head) this.forget();
    this.#head = head;
    const name = nameOf(readPosition, reset);
    let rendered = this.#kept.get(name);
    if (rendered) return rendered;
    rendered = this.#read(readPosition, reset, ITEMS_AT_ONCE);
    // Another subscriber would share it; there is none.
    if (this.size === 1) return rendered;
    this.#onKept();
    this.#kept.set(name, rendered);
    return rendered;
  }

  #read(readPosition: ReadPosition, reset: boolean, max: number): RenderedPage {
    const { replica } = this.#source;
    if (this.kind === 'items') {
      const { changes, next } = read(replica, readPosition, max, this.#filter);
      const items = changes.filter((change) => !isRemoval(change));
      const step = { page: { changes, next: settled(next) }, reset, caughtUp: false };
      return new RenderedPage(step, { count: items.length, lastCursor: items.at(-1)?.cursor }, () =>
        items.map((item) => ({ body: encode(this.#render(item)), delivered: item })),
      );
    }
    const step = readStep(replica, readPosition, reset, this.#filter);
    const message = messageOf(replica, step, this.#filter);
    const page = { ...step.page, next: settled(step.page.next) };
    return new RenderedPage({ ...step, page }, { count: 1, lastCursor: message.cursor }, () => [
      { body: encode(this.#render(message)), delivered: message },
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
