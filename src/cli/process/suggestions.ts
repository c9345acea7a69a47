/** The candidate that a misspelled or cut word probably means. Undefined: none is close, or several are equally close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const beginning = candidates.filter((candidate) => word.length > 1 && candidate.startsWith(word));
  if (beginning.length === 1) return beginning[0];
  const close = candidates
    .map((candidate) => ({ candidate, edits: editsBetween(word, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(word.length, candidate.length) / 3)
    .toSorted((a, b) => a.edits - b.edits);
  const [best, next] = close;
  return best?.edits === next?.edits ? undefined : best?.candidate;
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbour to turn `from` into `to`. */
function editsBetween(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, n) => n)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let n = 1; n <= from.length; n++) {
    const row = [n];
    rows.push(row);
    for (let m = 1; m <= to.length; m++) {
      const isSwapped = from[n - 1] === to[m - 2] && from[n - 2] === to[m - 1];
      const replaced = at(n - 1, m - 1) + (from[n - 1] === to[m - 1] ? 0 : 1);
      row.push(Math.min(at(n - 1, m) + 1, at(n, m - 1) + 1, replaced, isSwapped ? at(n - 2, m - 2) + 1 : Infinity));
    }
  }
  return at(from.length, to.length);
}
