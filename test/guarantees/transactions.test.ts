/** What subscribers see of the transactions of other programs, which insert and remove in one step of the log. */
import { describe, expect, it } from 'vitest';
import { ItemChangesDocument, type ItemFilter, ItemsDocument } from '../../schema/documents/graphql.ts';
import { parseCursor } from '../../src/core/model/cursor.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { transports } from '../support/clients/clients.ts';
import { Mirror } from '../support/model/mirror.ts';
import { Oracle, type OracleWrite } from '../support/model/oracle.ts';
import { appendTransaction } from '../support/model/transactions.ts';
import { Dice } from '../support/random/dice.ts';
import { startServer } from '../support/server/server.ts';

interface Value {
  readonly n: number;
  readonly text: string;
}

/** Around the sizes at which a page is full: 128 entries, 48 KiB, and 1,000 entries of a message. */
const SIZES = [1, 127, 128, 129, 1000, 2, 700, 700, 1000, 1000, 60, 60, 60, 999, 3];
const FILTERS: readonly (readonly [name: string, ItemFilter | undefined, (key: string, value: Value) => boolean])[] = [
  ['no filter', undefined, () => true],
  ['a prefix', { keyPrefix: 'a' }, (key) => key.startsWith('a')],
  ['keys', { keys: ['a1', 'b2', 'b3', 'a4', 'absent'] }, (key) => ['a1', 'b2', 'b3', 'a4'].includes(key)],
  ['an equality', { where: { path: '/n', eq: 3 } }, (_, { n }) => n === 3],
  ['a range', { where: { path: '/n', gte: 4 } }, (_, { n }) => n >= 4],
];

function transactionOf(dice: Dice, size: number): OracleWrite<Value>[] {
  return Array.from({ length: size }, () => {
    const key = `${dice.pick(['a', 'b'])}${dice.below(400)}`;
    const text = dice.once(20) ? 'x'.repeat(dice.below(3000)) : '';
    return dice.once(3) ? { key, removed: true } : { key, value: { n: dice.below(8), text } };
  });
}

describe.each(transports)('over $name', ({ subscribe }) => {
  it.each(FILTERS)(
    'G6 no message to a mirror with %s ends inside a transaction, and each proves the map',
    async (_name, filter, isMine) => {
      const log = memoryLog();
      const server = await startServer({ log });
      const oracle = new Oracle<Value>(Infinity);
      const dice = new Dice(17);
      const feed = subscribe(server, ItemChangesDocument, { filter });
      const mirror = new Mirror();
      const next = async (): Promise<number> => {
        const message = (await feed.next())?.data?.itemChanges;
        if (!message) throw new Error('the end');
        mirror.apply(message);
        return parseCursor(message.cursor).place.position;
      };
      await next();
      const transactions = SIZES.map((size) => transactionOf(dice, size));
      // A change for every filter at the end.
      transactions.push([
        { key: 'b3', value: { n: 3, text: 'last' } },
        { key: 'a4', value: { n: 4, text: 'last' } },
      ]);
      for (const writes of transactions) oracle.transaction(writes, 0);
      // In one tick, so that the subscriber reads several of them at once.
      await Promise.all(transactions.map((writes) => appendTransaction(log, writes)));
      const ends = new Set(oracle.changes.map(({ batchEnd }) => batchEnd));
      expect(server.map.replica.head.position).toBe(oracle.head);
      for (let position = 0; position < oracle.head || !mirror.isCaughtUp;) {
        position = await next();
        expect(ends, 'a message ends with a transaction').toContain(position);
      }
      const truth = oracle.at(oracle.head).filter(({ key, value }) => isMine(key, value));
      expect([...mirror.items.values()].map(({ key, value }) => ({ key, value })).sort(byKey)).toEqual(
        truth.map(({ key, value }) => ({ key, value })).sort(byKey),
      );
      expect(mirror.messages).toBeGreaterThan(1);
    },
  );

  it('G1 to G3 a subscriber gets each insertion of a transaction once, in order, also those that it replaces or removes', async () => {
    const log = memoryLog();
    const server = await startServer({ log });
    await server.map.insert({ key: 'first', value: 0 });
    const feed = subscribe(server, ItemsDocument);
    await feed.take(1);
    await appendTransaction(log, [
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
      { key: 'a', removed: true },
      { key: 'nobody', removed: true },
      { key: 'a', value: 3 },
      { key: 'b', value: 4 },
    ]);
    const items = (await feed.take(4)).map(({ data }) => data?.items);
    expect(items.map((item) => item?.value)).toEqual([1, 2, 3, 4]);
    expect(items.map((item) => parseCursor(item?.cursor ?? '').place.position)).toEqual([2, 3, 5, 6]);
  });

  it('G4 a subscription resumes inside a transaction, after the insertion that it has received last', async () => {
    const log = memoryLog();
    const server = await startServer({ log });
    const feed = subscribe(server, ItemsDocument);
    await appendTransaction(log, [
      { key: 'a', value: 1 },
      { key: 'a', removed: true },
      { key: 'b', value: 2 },
      { key: 'c', value: 3 },
    ]);
    const resumed = subscribe(server, ItemsDocument, { after: server.map.replica.window.get(1 as never)?.cursor });
    expect((await resumed.take(2)).map(({ data }) => data?.items.value)).toEqual([2, 3]);
    await feed.leave();
  });
});

const byKey = (one: { key: string }, other: { key: string }): number => (one.key < other.key ? -1 : 1);
