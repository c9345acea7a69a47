import { expect, it } from 'vitest';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { itemFilter } from '../../../src/core/input/item-filter.ts';
import type { OracleWrite } from '../../support/model/oracle.ts';
import { appendTransaction } from '../../support/model/transactions.ts';
import { openMap, take } from '../../support/model/open-map.ts';

const filters = {
  'an equality': itemFilter({ where: { path: '/status', eq: 'open' } }),
  'a negation': itemFilter({ where: { not: { path: '/status', ne: 'open' } } }),
};
const [open, done] = [{ status: 'open' }, { status: 'done' }];

const removal = { key: 'a', removed: true } as const;
const insertion = (value: unknown) => ({ key: 'a', value });

/** What happens to the item of key `a`, which is open, and the reason that its mirror must be told. */
const lives: Readonly<Record<string, [writes: readonly OracleWrite<unknown>[], reason: string]>> = {
  'ceases to match and is removed': [[insertion(done), removal], 'REMOVED'],
  'is removed and comes back without a match': [[removal, insertion(done)], 'UNMATCHED'],
  'ceases to match twice': [[insertion(done), insertion({ status: 'held' })], 'UNMATCHED'],
  'is removed, comes back and is removed again': [[removal, insertion(done), removal], 'REMOVED'],
};

const ways: Readonly<
  Record<string, (map: StreamingMap, log: OrderedLog, writes: readonly OracleWrite<unknown>[]) => unknown>
> = {
  'in several commands': (map, _log, writes) =>
    Promise.all(writes.map((write) => ('removed' in write ? map.remove(write.key) : map.insert(write)))),
  'in one transaction': (_map, log, writes) => appendTransaction(log, writes),
};

const cases = Object.entries(filters).flatMap(([kind, filter]) =>
  Object.entries(lives).flatMap(([life, [writes, reason]]) =>
    Object.entries(ways).map(([way, write]) => ({ kind, filter, life, writes, reason, way, write })),
  ),
);

it.each(cases)(
  'G6 a mirror with $kind is told $reason of an item that $life $way, at its last place, while it is live and when it resumes',
  async ({ filter, writes, reason, write }) => {
    const log = memoryLog();
    const map = await openMap({ log });
    await map.insert({ key: 'a', value: open });
    const live = map.changes({ filter });
    const [first] = await take(live, 1);
    await write(map, log, writes);
    await map.insert({ key: 'b', value: open });
    const last = map.replica.window.get((map.replica.head.position - 1) as never);
    const after = first?.cursor;
    for (const subscription of [live, map.changes({ filter, after })]) {
      const [message] = await take(subscription, 1);
      expect(message).toMatchObject({ caughtUp: true, removed: [{ key: 'a', reason, cursor: last?.cursor }], size: 1 });
      expect(message?.upserted.map(({ key }) => key)).toEqual(['b']);
      await subscription.return();
    }
  },
);
