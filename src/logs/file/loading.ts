import { listSnapshots, segmentsAfterSnapshot, sizeOf } from './disk/names.ts';

/** The share of a log that has been loaded, in bytes of the newest snapshot and of the segments after it. */
export class Loading {
  readonly #directory: string;
  #report: ((share: number) => void) | undefined;
  #total: number | undefined;
  #done = 0;

  constructor(directory: string, report?: (share: number) => void) {
    this.#directory = directory;
    this.#report = report;
  }

  advance(bytes: number): void {
    if (!this.#report) return;
    this.#done += bytes;
    this.#total ??= sizeOf([...listSnapshots(this.#directory).slice(-1), ...segmentsAfterSnapshot(this.#directory)]);
    // An estimate: a segment is bigger than its entries, and a damaged snapshot is loaded in vain.
    this.#report(Math.min(1, this.#done / Math.max(1, this.#total)));
  }

  end(): void {
    this.#report?.(1);
    this.#report = undefined;
  }
}
