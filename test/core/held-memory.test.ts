/** What a map and its window take in memory, by the formula of docs/docker.md. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = new URL('../support/memory/held-memory.ts', import.meta.url).pathname;

interface Held {
  readonly shape: string;
  /** Bytes of the heap and of buffers. */
  readonly taken: number;
  /** Bytes that the map and the window count, and their entries. */
  readonly counted: number;
  readonly entries: number;
}

async function heldBy(way: string): Promise<Held[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM, way]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Held);
}

/** A busy machine needs minutes for the collections of garbage between the measurements. */
const TIMEOUT_MS = 300_000;

describe('the memory of a map and its window', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['are inserted here', 'inserted'],
    ['come from another node', 'decoded'],
    ['come from a snapshot', 'imported'],
    ['have had their values read', 'read'],
  ])('items that %s take at most 2.5 times the counted bytes and 500 bytes an entry', async (_, way) => {
    const held = await heldBy(way);
    expect(held.length).toBeGreaterThan(20);
    for (const { shape, taken, counted, entries } of held)
      expect(taken, `${shape}: ${counted} bytes in ${entries} entries`).toBeLessThan(2.5 * counted + 500 * entries);
  });
});
