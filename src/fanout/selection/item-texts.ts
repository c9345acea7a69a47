import { StoredItem } from '../../core/model/stored-item.ts';

/** Of kept texts, in characters. */
const MAX_KEPT = 1024 * 1024;

/** What one selection has made of items, kept until `forget`, so that each item is rendered once, whatever number of filters it passes. */
export class ItemTexts {
  /** Whether several groups have the selection. One alone renders each item once anyway. */
  isShared = false;
  /** The first text, which is mostly the only one: a map for each sweep would cost more than the text. */
  #first: { readonly part: object; readonly source: unknown; readonly text: string } | undefined;
  /** The other texts. */
  readonly #kept = new Map<object, Map<unknown, string>>();
  readonly #onKept: () => void;
  #size = 0;

  /** `onKept`: called when the first text is kept. */
  constructor(onKept: () => void) {
    this.#onKept = onKept;
  }

  /** `part`: of the selection, because an item may be rendered in several places of it. */
  get(part: object, source: unknown): string | undefined {
    const first = this.#first;
    if (!first) return undefined;
    return first.source === source && first.part === part ? first.text : this.#kept.get(part)?.get(source);
  }

  keep(part: object, source: unknown, text: string): void {
    if (!this.isShared || !(source instanceof StoredItem)) return;
    if (this.#size + text.length > MAX_KEPT) this.forget();
    if (!this.#first) this.#onKept();
    this.#size += text.length;
    if (!this.#first) {
      this.#first = { part, source, text };
      return;
    }
    let kept = this.#kept.get(part);
    if (!kept) this.#kept.set(part, (kept = new Map()));
    kept.set(source, text);
  }

  forget(): void {
    this.#first = undefined;
    if (this.#kept.size > 0) this.#kept.clear();
    this.#size = 0;
  }
}
