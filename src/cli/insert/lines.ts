import { isUtf8 } from 'node:buffer';

/** A server accepts no larger request by default, so a longer line cannot be inserted. */
const MAX_LINE_BYTES = 1024 * 1024;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Bytes of the source up to the end of the line. */
  readonly end: number;
  /** Trimmed. */
  readonly text: string;
  /** Why the line cannot be read. Undefined: it can. */
  readonly problem?: string;
}

/** Splits chunks into lines. It holds one incomplete line at most, and drops it when it is too long. */
export class Lines {
  #number = 0;
  #end = 0;
  /** The chunks of a line whose end has not come yet; emptied once they are too long. */
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

  /** The line after the last line feed, if there is one. */
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
    // Malformed input always decodes to text with the replacement character.
    if (!text.includes('\uFFFD') || isUtf8(bytes.subarray(start, end))) return { ...place, text };
    return { ...place, text: '', problem: 'not UTF-8' };
  }
}
