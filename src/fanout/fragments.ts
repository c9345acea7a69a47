import { encode, textFrame, type WireText } from './frames.ts';

const [CONTINUATION, TEXT, FINAL] = [0, 1, 0x80];

/** One text message in a frame for each piece (RFC 6455, section 5.4), so that its length need not be known before. */
export function* fragments(pieces: Iterable<string>): Generator<WireText, void, void> {
  let opcode = TEXT;
  let piece: string | undefined;
  for (const next of pieces) {
    if (piece !== undefined) {
      yield fragment(opcode, piece);
      opcode = CONTINUATION;
    }
    piece = next;
  }
  yield fragment(opcode + FINAL, piece ?? '');
}

function fragment(firstByte: number, text: string): WireText {
  const payload = encode(text);
  return String.fromCharCode(firstByte) + textFrame(payload.length).slice(1) + payload;
}
