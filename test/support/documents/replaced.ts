/** The text with `from` replaced. Throws if `from` doesn't occur, because the result would be unchanged. */
export function replaced(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`nothing to replace: ${String(from)} in ${JSON.stringify(text.slice(0, 200))}`);
  return result;
}
