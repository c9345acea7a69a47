/** Text as it lies on the wire, a character a byte: what `write(text, 'latin1')` sends as it is, and no faster form is known. */
export type WireText = string;

/** UTF-8. Mostly there is nothing to do. */
export function encode(text: string): WireText {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** What stands before the payload of a server's text frame (RFC 6455, section 5.2): final, unmasked. */
export function textFrame(length: number): WireText {
  if (length < 126) return `\x81${String.fromCharCode(length)}`;
  if (length < 0x10000) return `\x81\x7e${bigEndian(length, 2)}`;
  return `\x81\x7f${bigEndian(length, 8)}`;
}

function bigEndian(number: number, bytes: number): WireText {
  let text = '';
  for (let rest = number; text.length < bytes; rest = Math.floor(rest / 256))
    text = String.fromCharCode(rest % 256) + text;
  return text;
}
