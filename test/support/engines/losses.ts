/**
 * Writers and readers on the nodes of a log that loses acknowledged entries. Each insertion has a key of its own, so the items that a
 * reader got since it was last told to start over must be exactly the map. A reader that misses an item and was not told differs.
 */
import { expect } from 'vitest';
import { InsertItemDocument, ItemChangesDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { overSse, overWebSocket, request, type Transport } from '../clients/clients.ts';
import { Mirror } from '../model/mirror.ts';
import { agreement, type NodeProcess } from '../processes/node-processes.ts';

/** Whether an insertion of this time must survive: before, during and after the fault. */
export type Phase = 'kept' | 'doubtful' | 'after';

export interface Losses {
  /** Insertions from now on are of this phase. Resolves once all earlier ones are answered. */
  enter(phase: Phase): Promise<void>;
  /** Resolves when `count` more insertions were acknowledged. */
  insertions(count: number): Promise<void>;
}

export interface Aftermath {
  /** The number of acknowledged insertions that are missing, by phase. */
  readonly lost: Readonly<Record<Phase, number>>;
  readonly acknowledged: number;
  /** How often each reader was told to start over. */
  readonly told: readonly number[];
  readonly epoch: string;
}

interface Reader {
  /** Since it was last told. */
  readonly seen: ReadonlyMap<string, string>;
  readonly told: number;
  reaches(cursor: string): Promise<void>;
}

const WRITERS = 2;

/** Resolves once all nodes and readers have the same map. Rejects when one of them ends early. */
export async function throughLosses(
  nodes: readonly NodeProcess[],
  begin: Phase,
  fault: (losses: Losses) => Promise<void>,
): Promise<Aftermath> {
  const readers = nodes.flatMap((node) => [watch(node), read(node, overWebSocket), read(node, overSse)]);
  const acknowledged = new Map<string, Phase>();
  const underWay = new Set<Promise<unknown>>();
  let phase = begin;
  let wake = (): void => {};
  let isOver = false;
  const losses: Losses = {
    async enter(next) {
      phase = next;
      await Promise.all(underWay);
    },
    async insertions(count) {
      const enough = acknowledged.size + count;
      while (acknowledged.size < enough) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
  const write = async (node: NodeProcess, name: string): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const insertion = insert(node, `${name}-${n}`, phase);
      underWay.add(insertion);
      await insertion;
      underWay.delete(insertion);
    }
  };
  const insert = async (node: NodeProcess, key: string, askedIn: Phase): Promise<void> => {
    const { data, errors } = await request(node, InsertItemDocument, { input: { key, value: 1 } });
    if (data) acknowledged.set(key, askedIn);
    else expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(errors?.[0]?.extensions['code']);
    wake();
  };
  const writing = Promise.all(
    nodes.flatMap((node, at) => Array.from({ length: WRITERS }, (_, n) => write(node, `${at}-${n}`))),
  );
  try {
    await Promise.race([fault(losses), writing]);
  } finally {
    isOver = true;
  }
  await writing;

  const { cursor, size, epoch } = await agreement(nodes);
  await Promise.all(readers.map((reader) => reader.reaches(cursor)));
  // Every node has readers.
  const map = readers[0]!.seen;
  expect(map.size).toBe(size);
  for (const { seen } of readers) expect(seen).toEqual(map);
  const lost = { kept: 0, doubtful: 0, after: 0 };
  for (const [key, phase] of acknowledged) if (!map.has(key)) lost[phase]++;
  return { lost, acknowledged: acknowledged.size, told: readers.map(({ told }) => told), epoch };
}

/** A mirror, which is verified at each `caughtUp`. */
function watch(node: NodeProcess): Reader {
  const mirror = new Mirror();
  let resets = 0;
  const following = followed(async (changed) => {
    for await (const { data, errors } of overWebSocket.subscribe(node, ItemChangesDocument, {})) {
      if (!data) throw new Error(JSON.stringify(errors));
      if (data.itemChanges.reset) resets++;
      mirror.apply(data.itemChanges);
      changed();
    }
    throw new Error('a mirror has ended');
  });
  return {
    get seen() {
      return new Map([...mirror.items].map(([key, item]) => [key, item.cursor]));
    },
    get told() {
      // The first reset is its start.
      return resets - 1;
    },
    reaches: (cursor) => following.until(() => mirror.isCaughtUp && mirror.cursor === cursor),
  };
}

/** Reads `items`, and starts over when its cursor has expired, and only then. */
function read(node: NodeProcess, transport: Transport): Reader {
  let seen = new Map<string, string>();
  let last = '';
  let told = 0;
  const following = followed(async (changed) => {
    for (;;) {
      for await (const { data, errors } of transport.subscribe(node, ItemsDocument, {})) {
        if (data) {
          const { key, cursor } = data.items;
          expect(cursor > last, 'cursors rise').toBe(true);
          expect(seen.has(key), `${key} was delivered before`).toBe(false);
          last = cursor;
          seen.set(key, cursor);
          changed();
          continue;
        }
        expect(errors?.[0]?.extensions['code']).toBe('CURSOR_EXPIRED');
        told++;
        [seen, last] = [new Map(), ''];
        break;
      }
      if (last !== '') throw new Error('a reader has ended');
    }
  });
  return {
    get seen() {
      return seen;
    },
    get told() {
      return told;
    },
    reaches: (cursor) => following.until(() => last === cursor),
  };
}

/** A process that goes on until the test ends, and reports changes. */
function followed(follow: (changed: () => void) => Promise<never>): { until(condition: () => boolean): Promise<void> } {
  let changed = (): void => {};
  const following = follow(() => changed());
  following.catch(() => {});
  return {
    async until(condition) {
      while (!condition()) await Promise.race([new Promise<void>((resolve) => (changed = resolve)), following]);
    },
  };
}
