/** Text as it is on the wire, one character a byte: `write(text, 'latin1')`, the fastest known form, sends it as it is. */
export type WireText = string;

/** The text in UTF-8. Most texts are ASCII and stay as they are. */
export function encode(text: string): WireText {
  // Counting the bytes is faster than a regular expression.
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The header of a final, unmasked text frame (RFC 6455, section 5.2). */
export function textFrame(length: number): WireText {
  if (length < 126) return `\x81${String.fromCharCode(length)}`;
  if (length < 0x10000) return `\x81\x7e${bigEndian(length, 2)}`;
  return `\x81\x7f${bigEndian(length, 8)}`;
}

/** The text in a frame of its own. */
export function messageFrame(text: string): WireText {
  const payload = encode(text);
  return textFrame(payload.length) + payload;
}

function bigEndian(number: number, bytes: number): WireText {
  let text = '';
  for (let rest = number; text.length < bytes; rest = Math.floor(rest / 256))
    text = String.fromCharCode(rest % 256) + text;
  return text;
}
