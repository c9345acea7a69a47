import { StoredItem } from '../../core/model/stored-item.ts';

/** Of kept texts, in characters. */
const MAX_KEPT = 1024 * 1024;

/** What one selection has made of items, kept until `forget`, so that each item is rendered once, whatever number of filters it passes. */
export class ItemTexts {
  /** Whether several groups have the selection. One alone renders each item once anyway. */
  isShared = false;
  readonly #kept = new Map<object, Map<unknown, string>>();
  readonly #onKept: () => void;
  #size = 0;

  /** `onKept`: called when the first text is kept. */
  constructor(onKept: () => void) {
    this.#onKept = onKept;
  }

  /** `part`: of the selection, because an item may be rendered in several places of it. */
  get(part: object, source: unknown): string | undefined {
    return this.#size === 0 ? undefined : this.#kept.get(part)?.get(source);
  }

  keep(part: object, source: unknown, text: string): void {
    if (!this.isShared || !(source instanceof StoredItem)) return;
    if (this.#size + text.length > MAX_KEPT) this.forget();
    if (this.#size === 0) this.#onKept();
    let kept = this.#kept.get(part);
    if (!kept) this.#kept.set(part, (kept = new Map()));
    kept.set(source, text);
    this.#size += text.length;
  }

  forget(): void {
    this.#kept.clear();
    this.#size = 0;
  }
}
