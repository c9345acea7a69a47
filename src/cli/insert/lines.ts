import { isUtf8 } from 'node:buffer';

/** What a server takes in one request, by default: a longer line can't go in. */
const MAX_LINE_BYTES = 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Bytes of the source up to the line's end. */
  readonly end: number;
  /** Trimmed. */
  readonly text: string;
  /** What keeps it from being read, if anything. */
  readonly problem?: string;
}

/** Chunks to lines. It keeps at most one line, however long that goes on. */
export class Lines {
  #number = 0;
  #end = 0;
  /** The beginning of a line whose end hasn't come; dropped once it is too long. */
  #begun: Buffer[] = [];
  #begunBytes = 0;

  *in(chunk: Buffer): Generator<Line, void, void> {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#end += end + 1 - start;
      yield this.#begunBytes > 0 ? this.#finish(chunk.subarray(start, end)) : this.#line(chunk, start, end);
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#end += chunk.length - start;
    this.#begin(chunk.subarray(start));
  }

  /** What follows the last line feed. */
  *last(): Generator<Line, void, void> {
    if (this.#begunBytes > 0) yield this.#finish(Buffer.alloc(0));
  }

  #begin(part: Buffer): void {
    this.#begunBytes += part.length;
    if (this.#begunBytes > MAX_LINE_BYTES) this.#begun = [];
    else this.#begun.push(part);
  }

  #finish(part: Buffer): Line {
    this.#begin(part);
    const isTooLong = this.#begunBytes > MAX_LINE_BYTES;
    const bytes = Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    if (!isTooLong) return this.#line(bytes, 0, bytes.length);
    return { number: ++this.#number, end: this.#end, text: '', problem: 'longer than 1 MiB' };
  }

  #line(bytes: Buffer, start: number, end: number): Line {
    const place = { number: ++this.#number, end: this.#end };
    if (end - start > MAX_LINE_BYTES) return { ...place, text: '', problem: 'longer than 1 MiB' };
    const text = bytes.toString('utf8', start, end).trim();
    // Only what holds the replacement character can have been malformed.
    if (!text.includes('\uFFFD') || isUtf8(bytes.subarray(start, end))) return { ...place, text };
    return { ...place, text: '', problem: 'not UTF-8' };
  }
}
