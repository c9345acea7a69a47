/** What a writer has asked for in one transaction of SQL, or in one mutation. */
export interface Change {
  readonly key: string;
  /** Unique among all changes; null: a removal. */
  readonly value: string | null;
}

export interface Transaction {
  readonly changes: readonly Change[];
  /** Just before its first request. */
  readonly beganAt: number;
  /** Just after its last answer; Infinity when there was none. */
  readonly endedAt: number;
  /** `unknown`: there was no answer, so it is there as a whole or not at all. */
  readonly outcome: 'committed' | 'rolled back' | 'unknown';
}

/** What all writers have done so far. */
export class Record {
  readonly transactions: Transaction[] = [];
  #more = Promise.withResolvers<void>();

  add(transaction: Transaction): void {
    this.transactions.push(transaction);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  get committed(): readonly Transaction[] {
    return this.transactions.filter(({ outcome }) => outcome === 'committed');
  }

  /** Resolves once `count` more transactions have committed. */
  async commits(count: number): Promise<void> {
    const enough = this.committed.length + count;
    while (this.committed.length < enough) await this.#more.promise;
  }

  summary(): string {
    const count = (outcome: Transaction['outcome']): number =>
      this.transactions.filter((transaction) => transaction.outcome === outcome).length;
    return `${count('committed')} committed, ${count('rolled back')} rolled back or refused, ${count('unknown')} without an answer`;
  }
}
