/** The memory of an answer that is sent as one text, in bytes. */
export const WHOLE_ANSWER_BYTES = 256 * 1024;

/** When the pieces are made. */
interface PieceTurns {
  next(): Promise<void> | undefined;
}

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

/** A response's body, whose pieces are made as they are read. */
export function bodyOf(pieces: Iterator<string>, turns: PieceTurns): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      await turns.next();
      const { done, value } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
