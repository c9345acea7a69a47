import { describe, expect, it } from 'vitest';
import { EngineUnavailableError } from '../../src/core/model/errors.ts';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { HeldLog } from '../support/model/held-log.ts';
import { checksumOf } from '../support/model/mirror.ts';
import { openMap, take } from '../support/model/open-map.ts';

const sharedLog = (): OrderedLog => memoryLog({ shared: true });
const keyOf = ({ key }: { key: string }): string => key;

describe('two maps on one log', () => {
  it('two maps on one log converge, and agree on size and checksum (G6)', async () => {
    const log = sharedLog();
    const [one, two] = [await openMap({ log, maxItems: 20 }), await openMap({ log })];
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => (i % 2 ? one : two).insert({ key: `k${(i * 7) % 30}`, value: i })),
    );
    expect(one.replica.head).toEqual(two.replica.head);
    expect(one.replica.items.size).toBe(20);
    expect(two.replica.items.checksum).toBe(one.replica.items.checksum);
    const [message] = await take(two.changes(), 1);
    expect(message).toMatchObject({ size: 20, checksum: checksumOf(message?.upserted ?? []) });
  });

  it('an item has the same cursor on two maps of one log, and each continues after it (G4)', async () => {
    const log = sharedLog();
    const [one, two] = [await openMap({ log }), await openMap({ log })];
    const { cursor } = await one.insert({ key: 'a', value: 1 });
    expect(two.get('a')?.cursor).toBe(cursor);
    await one.insert({ key: 'b', value: 1 });
    expect((await take(two.items({ after: cursor, limit: 1 }), 2)).map(keyOf)).toEqual(['b']);
  });

  it('a reader with a cursor ahead of its map waits for everything that the log held when it came (G4, G7)', async () => {
    const log = sharedLog();
    const held = new HeldLog(log);
    const [one, two] = [await openMap({ log }), await openMap({ log: held })];
    held.hold();
    const { cursor } = await one.insert({ key: 'a', value: 1 });
    await one.insert({ key: 'b', value: 1 });
    const taken = take(two.items({ after: cursor, limit: 1 }), 2);
    const mirrored = take(two.changes({ after: cursor }), 1);
    await held.last();
    held.release();
    expect((await taken).map(keyOf)).toEqual(['b']);
    expect(await mirrored).toMatchObject([{ reset: false, upserted: [{ key: 'b' }] }]);
  });

  it('a reader that waits for a cursor ahead can leave (G10)', async () => {
    const log = sharedLog();
    const held = new HeldLog(log);
    const [one, two] = [await openMap({ log }), await openMap({ log: held })];
    held.hold();
    const { cursor } = await one.insert({ key: 'a', value: 1 });
    const subscriptions = [two.items({ after: cursor }), two.changes({ after: cursor })];
    const waiting = Promise.all(subscriptions.map((subscription) => subscription.next()));
    await Promise.allSettled(subscriptions.map((subscription) => subscription.return()));
    expect(two.subscriptions).toBe(0);
    const ended = { value: undefined, done: true };
    expect(await waiting).toEqual([ended, ended]);
    expect(two.counters.resets).toBe(0);
  });

  it('a cursor that a stopped map has not reached is not called expired (G4)', async () => {
    const log = sharedLog();
    const held = new HeldLog(log);
    const [one, two] = [await openMap({ log }), await openMap({ log: held })];
    held.hold();
    const { cursor } = await one.insert({ key: 'a', value: 1 });
    const reads = [take(two.items({ after: cursor }), 1), take(two.changes({ after: cursor }), 1)];
    await two.close();
    const reasons = (await Promise.allSettled(reads)).map((read) => (read.status === 'rejected' ? read.reason : read));
    for (const reason of reasons) expect(reason).toBeInstanceOf(EngineUnavailableError);
  });
});
