/** What memory a server needs at most, by its flags. docs/docker.md has the same formula for operators. */
import { getHeapStatistics } from 'node:v8';
import type { Bounds } from '../../core/model/command.ts';
import { MAX_INCOMING_BYTES } from '../../transports/incoming/incoming-bytes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

export interface MemoryFlags {
  /** Of the map of each collection. */
  readonly maps: readonly Bounds[];
  readonly maxConnections: number;
}

/** The parts of the formula, in bytes. */
export const MEMORY = {
  /** The process without clients, and what it remembers of clients' texts. */
  process: 144 * MIB,
  /** For each byte that the map counts, and again for each that the window counts. */
  perByte: 2.5,
  /** For each item, and for each change in the window. */
  perEntry: 500,
  /** Answers and results that clients have not read. */
  answers: 128 * MIB,
  /** Bodies and messages that clients have begun to send. */
  incoming: MAX_INCOMING_BYTES,
  /** Insertions that wait for the engine. */
  insertions: 64 * MIB,
  perConnection: 20 * KIB,
  /** For each collection after the first: with a directory its log has a thread, which takes 24 MiB when it is idle. Otherwise it takes 1 MiB. */
  perCollection: 32 * MIB,
} as const;

/** In bytes. */
export function memoryNeeds(flags: MemoryFlags): number {
  const { process: own, answers, incoming, insertions, perConnection } = MEMORY;
  const further = (flags.maps.length - 1) * MEMORY.perCollection;
  return own + mapNeeds(flags) + further + answers + incoming + insertions + perConnection * flags.maxConnections;
}

function mapNeeds({ maps }: MemoryFlags): number {
  return maps.reduce((sum, { maxBytes, maxItems, window }) => {
    return sum + 2 * MEMORY.perByte * maxBytes + MEMORY.perEntry * (maxItems + window);
  }, 0);
}

/** A warning when V8's heap may not grow to what the map may take; otherwise undefined. `limit`: of the heap, in bytes. */
export function tooSmallHeap(flags: MemoryFlags, limit = getHeapStatistics().heap_size_limit): string | undefined {
  // Threads of logs have heaps of their own.
  const needed = mapNeeds(flags) + MEMORY.process;
  if (limit >= needed) return undefined;
  const [has, needs] = [limit, needed].map((bytes) => Math.ceil(bytes / MIB));
  const [full, lower] =
    flags.maps.length === 1
      ? ['a full map', '--max-bytes']
      : ['full maps', '--max-bytes or the maxBytes of collections'];
  return (
    `the heap is limited to ${has} MiB, and ${full} may need ${needs} MiB: ` +
    `set NODE_OPTIONS=--max-old-space-size=${needs} if there is memory, or lower ${lower}`
  );
}
