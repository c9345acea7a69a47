import type { Cursor } from '../core/model/position.ts';
import type { Page, ReadPosition } from '../core/replica/read.ts';
import type { ChangesStep } from '../core/subscriptions/item-changes.ts';
import type { WireText } from './frames.ts';

/** One result, without the parts that may differ among subscribers. */
export interface Result {
  /** `{"data":…` without the closing brace. */
  readonly body: WireText;
  /** The item or the message. Its cursor is formatted when it is read, so only forms that show it read it. */
  readonly delivered: { readonly cursor: Cursor };
}

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
  readonly last: Sent['last'];
  readonly #render: () => readonly Result[];
  /** The form that was made first, by its name. Most pages are never asked for another one. */
  #first: readonly [name: number | string, form: unknown] | undefined;
  #others: Map<number | string, unknown> | undefined;

  constructor({ page, reset, caughtUp }: ChangesStep<unknown>, { count, last }: Sent, render: () => readonly Result[]) {
    this.page = page;
    this.reset = reset;
    this.caughtUp = caughtUp;
    this.count = count;
    this.last = last;
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
    const known = this.#first?.[0] === name ? this.#first[1] : this.#others?.get(name);
    if (known !== undefined) return known as Form;
    const form = make(this.#render());
    if (this.#first) (this.#others ??= new Map()).set(name, form);
    else this.#first = [name, form];
    return form;
  }

  /** For a form that is not shared. */
  get results(): readonly Result[] {
    return this.shared('results', (results) => results);
  }
}

interface Sent {
  readonly count: number;
  /** The last result. */
  readonly last: { readonly cursor: Cursor } | undefined;
}
