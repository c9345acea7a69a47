/**
 * The oracle of the model-based tests: the map as a few lines of code that keep every change. It has no windows, cursors or logs.
 */
export interface OracleItem {
  readonly key: string;
  readonly value: number;
  readonly position: number;
  readonly expiresAt: number | null;
}

export interface OracleChange {
  readonly position: number;
  readonly key: string;
  /** Undefined for a removal. */
  readonly item?: OracleItem;
  /** The position of the end of its batch. */
  readonly batchEnd: number;
}

export class Oracle {
  /** Every change since the start. */
  readonly changes: OracleChange[] = [];
  readonly #maxItems: number;

  constructor(maxItems: number, changes: readonly OracleChange[] = []) {
    this.#maxItems = maxItems;
    this.changes.push(...changes);
  }

  get head(): number {
    return this.changes.length;
  }

  /** The map as it was at a position: oldest first. */
  at(position: number): OracleItem[] {
    const items = new Map<string, OracleItem>();
    for (const { key, item } of this.changes.slice(0, position)) {
      items.delete(key);
      if (item) items.set(key, item);
    }
    return [...items.values()];
  }

  insert(inputs: readonly { key: string; value: number; ttl?: number | undefined }[], now: number): void {
    this.expire(
      now,
      inputs.map(({ key }) => key),
    );
    const batchEnd = this.head + inputs.length;
    for (const { key, value, ttl } of inputs) {
      const position = this.head + 1;
      const expiresAt = ttl === undefined ? null : now + ttl * 1000;
      this.changes.push({ position, key, item: { key, value, position, expiresAt }, batchEnd });
    }
    const current = this.at(this.head);
    for (const { key } of current.slice(0, Math.max(0, current.length - this.#maxItems))) this.#remove(key);
  }

  remove(key: string, now: number): void {
    this.expire(now, [key]);
    if (this.at(this.head).some((item) => item.key === key)) this.#remove(key);
  }

  /** Expires due items: the command's own keys first, each in the order of expiry, then of position. */
  expire(now: number, own: readonly string[] = []): void {
    const due = this.at(this.head).filter((item) => item.expiresAt !== null && item.expiresAt <= now);
    const rank = (item: OracleItem): number => (own.includes(item.key) ? 0 : 1);
    due.sort((a, b) => rank(a) - rank(b) || (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.position - b.position);
    for (const { key } of due) this.#remove(key);
  }

  #remove(key: string): void {
    const position = this.head + 1;
    this.changes.push({ position, key, batchEnd: position });
  }
}
