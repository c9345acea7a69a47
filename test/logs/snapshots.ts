/** What the tests of snapshots of all engines have in common. */
import { expect } from 'vitest';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import { exportState } from '../../src/core/replica/snapshot.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { stateOf } from '../support/engines/kept.ts';
import { upTo } from '../../src/testing/recording.ts';

/** Some 30 kB, over a hundred keys, with all kinds of commands in it. */
export async function write(map: StreamingMap, round: number): Promise<void> {
  for (const batch of upTo(10))
    await map.insertMany(
      upTo(20).map((n) => ({ key: `k${(batch * 20 + n) % 100}`, value: [round, batch, n, 'x'.repeat(100)] })),
    );
  await map.remove(`k${round % 100}`);
  await map.insert({ key: 'once', value: 1, idempotencyKey: `once-${round}`, ttl: 3600 });
}

/** Saves a snapshot as a node does. */
export async function save({ replica }: StreamingMap, log: OrderedLog): Promise<void> {
  const { sequence, commandId } = replica;
  const chunks = [...exportState(replica)].map((line) => Buffer.from(`${line}\n`));
  await log.saveSnapshot({ sequence, commandId, chunks });
}

/** Two maps have the same state once they have applied the same commands. */
export async function expectSame(one: StreamingMap, other: StreamingMap): Promise<void> {
  await expect.poll(() => other.replica.sequence, { timeout: 60_000 }).toBe(one.replica.sequence);
  expect(stateOf(other)).toEqual(stateOf(one));
}
