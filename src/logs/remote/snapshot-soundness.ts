/** What is stored as a snapshot and can't be read: of no use to anybody, other than one that can't be reached. */
export class DamagedError extends Error {}

/** Whether it can be read to its end. Throws when that can't be told. */
export async function isSound(chunks: AsyncIterable<unknown>): Promise<boolean> {
  try {
    for await (const _chunk of chunks) continue;
    return true;
  } catch (error) {
    if (error instanceof DamagedError) return false;
    throw error;
  }
}
