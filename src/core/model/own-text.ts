/** V8 makes a slice of a string only from this length on. */
const SHORTEST_SLICE = 13;

/**
 * A copy of a text that holds no other text. A slice keeps the whole text that it was cut from: a key that was cut from a document of 1 MB
 * would keep the document for as long as the item lives. The text must be well-formed.
 */
export function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : Buffer.from(text, 'utf8').toString('utf8');
}
