/** The text with `from` replaced. Throws when there is none: what is made to be wrong must not be right. */
export function replaced(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`nothing to replace: ${String(from)} in ${JSON.stringify(text.slice(0, 200))}`);
  return result;
}
