/**
 * How many entries one read asks for: as many as make READ_BYTES, and half as many after a read that has failed. So a node on a
 * slow link, or on one that breaks often, gets on.
 */
import type { LogEntry } from '../../core/replication/ordered-log.ts';

/** The first read, whose entries may have any size, asks for few. */
const [FIRST_ENTRIES, MAX_ENTRIES] = [16, 512];
const READ_BYTES = 256 * 1024;
/** After small entries a read asks for many, and large ones may come. No more of them begin after so many bytes. */
export const MAX_READ_BYTES = 1024 * 1024;
/** About what an entry takes on the wire beyond its data. */
const OVERHEAD_BYTES = 64;

export class ReadSize {
  #entries = FIRST_ENTRIES;

  get entries(): number {
    return this.#entries;
  }

  failed(): void {
    this.#entries = Math.max(1, this.#entries >> 1);
  }

  /** The next read may be twice as long. */
  arrived(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const bytes = entries.reduce((sum, { data }) => sum + data.length + OVERHEAD_BYTES, 0);
    const fitting = Math.floor(READ_BYTES / (bytes / entries.length));
    this.#entries = Math.max(1, Math.min(this.#entries * 2, fitting, MAX_ENTRIES));
  }
}
