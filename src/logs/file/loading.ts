import { statSync } from 'node:fs';
import { listSegments, listSnapshots } from './disk/names.ts';

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
    this.#total ??= this.#measure();
    // An estimate: a segment is bigger than its entries, and a damaged snapshot is loaded in vain.
    this.#report(Math.min(1, this.#done / this.#total));
  }

  end(): void {
    this.#report?.(1);
    this.#report = undefined;
  }

  #measure(): number {
    const snapshot = listSnapshots(this.#directory).at(-1);
    const segments = listSegments(this.#directory).filter(({ sequence }) => sequence > (snapshot?.sequence ?? 0));
    const files = snapshot ? [snapshot, ...segments] : segments;
    return Math.max(
      1,
      files.reduce((sum, { path }) => sum + statSync(path).size, 0),
    );
  }
}
