import { setImmediate } from 'node:timers/promises';

/** `head`, the pieces and `tail`, in as many pieces. */
export function* joined(head: string, pieces: Iterable<string>, tail: string): Generator<string, void, void> {
  let text = head;
  let isFirst = true;
  for (const piece of pieces) {
    if (!isFirst) {
      yield text;
      text = '';
    }
    isFirst = false;
    text += piece;
  }
  yield text + tail;
}

/** Time in which pieces are made before the event loop goes on, in ms. */
const SLICE_MS = 5;

/** Lets the event loop go on between the pieces of a fast reader. */
export class Slices {
  #until = 0;

  /** Undefined: the slice isn't over. */
  next(): Promise<void> | undefined {
    const now = performance.now();
    if (now < this.#until) return undefined;
    return setImmediate().then(() => void (this.#until = performance.now() + SLICE_MS));
  }
}

/** A response's body, whose pieces are made as they are read. */
export function bodyOf(pieces: Iterator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const slices = new Slices();
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      await slices.next();
      const { done, value } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
