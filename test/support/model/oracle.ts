/**
 * The oracle of the model-based tests: the map as a few lines of code that keep every change. It has no windows, cursors or logs.
 */
export interface OracleItem<Value = number> {
  readonly key: string;
  readonly value: Value;
  readonly position: number;
  readonly expiresAt: number | null;
}

export type OracleReason = 'REMOVED' | 'EXPIRED' | 'EVICTED';

export interface OracleChange<Value = number> {
  readonly position: number;
  readonly key: string;
  /** Undefined for a removal. */
  readonly item?: OracleItem<Value>;
  /** Of a removal. */
  readonly reason?: OracleReason;
  /** What the change has replaced or removed. */
  readonly superseded: OracleItem<Value> | undefined;
  /** The position of the end of its batch. */
  readonly batchEnd: number;
}

export interface OracleInput<Value = number> {
  readonly key: string;
  readonly value: Value;
  readonly ttl?: number | undefined;
}

/** A change of a transaction. */
export type OracleWrite<Value = number> = OracleInput<Value> | { readonly key: string; readonly removed: true };

export class Oracle<Value = number> {
  /** Every change since the start. */
  readonly changes: OracleChange<Value>[] = [];
  readonly #maxItems: number;
  /** The map that was asked for last. */
  #last: { readonly position: number; readonly items: OracleItem<Value>[] } | undefined;

  constructor(maxItems: number, changes: readonly OracleChange<Value>[] = []) {
    this.#maxItems = maxItems;
    this.changes.push(...changes);
  }

  get head(): number {
    return this.changes.length;
  }

  /** The map as it was at a position: oldest first. */
  at(position: number): OracleItem<Value>[] {
    if (this.#last?.position === Math.min(position, this.head)) return [...this.#last.items];
    const items = new Map<string, OracleItem<Value>>();
    for (const { key, item } of this.changes.slice(0, position)) {
      items.delete(key);
      if (item) items.set(key, item);
    }
    this.#last = { position: Math.min(position, this.head), items: [...items.values()] };
    return [...items.values()];
  }

  insert(inputs: readonly OracleInput<Value>[], now: number): void {
    this.transaction(inputs, now);
  }

  /** One batch, in which the removal of a key without an item is no change. */
  transaction(writes: readonly OracleWrite<Value>[], now: number): void {
    this.expire(
      now,
      writes.map(({ key }) => key),
    );
    const held = new Map(this.at(this.head).map((item) => [item.key, item]));
    const from = this.head;
    for (const write of writes) {
      const { key } = write;
      const position = this.head + 1;
      const superseded = held.get(key);
      if (!('removed' in write)) {
        const { value, ttl } = write;
        const item = { key, value, position, expiresAt: ttl === undefined ? null : now + ttl * 1000 };
        this.changes.push({ position, key, item, superseded, batchEnd: 0 });
        held.set(key, item);
      } else if (superseded) {
        this.changes.push({ position, key, reason: 'REMOVED', superseded, batchEnd: 0 });
        held.delete(key);
      }
    }
    const batchEnd = this.head;
    for (const [n, change] of this.changes.slice(from).entries()) this.changes[from + n] = { ...change, batchEnd };
    const current = this.at(this.head);
    for (const item of current.slice(0, Math.max(0, current.length - this.#maxItems))) this.#remove(item, 'EVICTED');
  }

  remove(key: string, now: number): void {
    this.expire(now, [key]);
    const current = this.at(this.head).find((item) => item.key === key);
    if (current) this.#remove(current, 'REMOVED');
  }

  /** Expires due items: the command's own keys first, each in the order of expiry, then of position. */
  expire(now: number, own: readonly string[] = []): void {
    const due = this.at(this.head).filter((item) => item.expiresAt !== null && item.expiresAt <= now);
    const rank = (item: OracleItem<Value>): number => (own.includes(item.key) ? 0 : 1);
    due.sort((a, b) => rank(a) - rank(b) || (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.position - b.position);
    for (const item of due) this.#remove(item, 'EXPIRED');
  }

  #remove(item: OracleItem<Value>, reason: OracleReason): void {
    const position = this.head + 1;
    this.changes.push({ position, key: item.key, reason, superseded: item, batchEnd: position });
  }
}
