/**
 * Prints what a map and its window take in memory, for each shape, as lines of JSON. To be run with `--expose-gc` and one argument: the way
 * on which the insertions come in.
 */
import { setImmediate } from 'node:timers/promises';
import { checkBatch } from '../../../src/core/input/insert-input.ts';
import { DEFAULT_LIMITS } from '../../../src/core/map-options.ts';
import { type Bounds, decodeCommand, encodeCommand } from '../../../src/core/model/command.ts';
import { parseEpoch, type Sequence, START } from '../../../src/core/model/position.ts';
import { Replica } from '../../../src/core/replica/replica.ts';
import { exportChunks, importChunks } from '../../../src/core/replica/snapshot.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { SHAPES } from './held-shapes.ts';

type Batches = ReturnType<(typeof SHAPES)[string]>;

/** Nearly everything is in the map, or nearly everything is in the window: the formula counts what is in both twice. */
const OF_MAP: Bounds = { maxItems: 1_000_000, maxBytes: 1024 ** 3, window: 10 };
const OF_WINDOW: Bounds = { maxItems: 10, maxBytes: 1024 ** 3, window: 1_000_000 };
const SOME_TIME = 1_700_000_000_000;

/** By name: how a replica gets the insertions. What it returns keeps the replica. */
const WAYS: Readonly<
  Record<string, (batches: Batches, bounds: Bounds) => Promise<{ readonly replica: Replica<unknown> }>>
> = {
  async inserted(batches, bounds) {
    let time = SOME_TIME;
    const map = await StreamingMap.open({ log: memoryLog({ clock: () => time++ }), ...bounds });
    for (const batch of batches) await map.insertMany(batch);
    return map;
  },
  async decoded(batches, bounds) {
    const replica = new Replica<unknown>(parseEpoch('0testepoch00'), bounds);
    let sequence = 0;
    for (const batch of batches) {
      const insertions = checkBatch(batch, { ...DEFAULT_LIMITS });
      const decoded = decodeCommand(encodeCommand(`id-${++sequence}`, { kind: 'insert', insertions }));
      // A frame that was just encoded is no foreign one.
      replica.apply(sequence as Sequence, SOME_TIME + sequence, decoded!);
    }
    return { replica };
  },
  async imported(batches, bounds) {
    const { replica } = await WAYS['decoded']!(batches, bounds);
    return { replica: await importChunks<unknown>([Buffer.concat([...exportChunks(replica)])]) };
  },
  async read(batches, bounds) {
    const { replica } = await WAYS['decoded']!(batches, bounds);
    for (const { value } of replica.items.index.from(START)) if (value === null) throw new Error('no value');
    return { replica };
  },
};

const way = WAYS[process.argv[2] ?? ''];
if (!way || !globalThis.gc) throw new Error('usage: node --expose-gc held-memory.ts WAY');

for (const [shape, batches] of Object.entries(SHAPES))
  for (const [place, bounds] of Object.entries({ map: OF_MAP, window: OF_WINDOW })) {
    const before = await used();
    const holder = await way(batches(), bounds);
    const taken = (await used()) - before;
    const { items, window, firstResults } = holder.replica;
    const counted = items.bytes + window.bytes;
    // The first results are not in the formula: those of short keys count as entries here.
    const entries = items.size + [...window].length + firstResults.entries().length;
    process.stdout.write(`${JSON.stringify({ shape: `${shape}, in the ${place}`, taken, counted, entries })}\n`);
  }

/** In bytes. The parsed values of a turn are kept until it ends. */
async function used(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await setImmediate();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
