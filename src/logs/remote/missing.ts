/** How messages name sequences that are missing. */
export const missing = (from: number, to: number): string =>
  to > from ? `sequence ${from} to ${to} are missing` : `sequence ${from} is missing`;
