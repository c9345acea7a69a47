const LONGEST_MS = 30_000;

/** After so many attempts in a row that failed: 1 s, doubled up to 30 s, less up to a half by chance, so that a crowd doesn't come back as one. */
export async function backOff(retries: number): Promise<void> {
  const longest = Math.min(LONGEST_MS, 1000 * 2 ** retries);
  await new Promise((resolve) => setTimeout(resolve, longest * (1 - Math.random() / 2)));
}
