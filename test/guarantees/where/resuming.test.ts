/** G4 and G6: a filtered mirror resumes at any of its messages, also inside a snapshot and inside a lag. */
import { expect, it } from 'vitest';
import type { ItemChanges } from '../../../src/core/model/change.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { checksumOf } from '../../support/model/mirror.ts';
import { openMap } from '../../support/model/open-map.ts';
import { appendTransaction } from '../../support/model/transactions.ts';
import { Dice } from '../../support/random/dice.ts';
import { oracleMatches } from '../../support/where/oracle.ts';

const FILTERS = [
  { path: '/s', eq: 'open' },
  { path: '/p', gte: 3 },
  { path: '/s', eq: 'open', not: { path: '/p', lt: 2 } },
];
const KEYS = 3000;

const value = (dice: Dice) => ({ s: dice.pick(['open', 'open', 'held', null]), p: dice.below(6) });

async function change(map: StreamingMap, log: OrderedLog, dice: Dice, count: number): Promise<void> {
  const anyKey = (): string => `k${dice.below(KEYS)}`;
  for (let n = 0; n < count; n++) {
    const key = anyKey();
    if (dice.once(5)) await map.remove(key);
    else if (dice.once(6))
      await appendTransaction(log, [
        { key, value: value(dice) },
        { key: anyKey(), removed: true },
        { key: dice.pick([key, anyKey()]), removed: true },
        { key: anyKey(), value: value(dice) },
      ]);
    else await map.insert({ key, value: value(dice) });
  }
}

interface Client {
  readonly items: Map<string, { key: string; cursor: string }>;
  cursor: string | undefined;
  resets: number;
}

function apply(
  client: Client,
  { reset, upserted, removed, cursor, caughtUp, size, checksum }: ItemChanges<unknown>,
): void {
  if (reset) {
    client.items.clear();
    client.resets++;
  }
  for (const { key } of removed) client.items.delete(key);
  for (const item of upserted) client.items.set(item.key, { key: item.key, cursor: item.cursor });
  client.cursor = cursor;
  expect(caughtUp).toBe(size !== null);
  if (caughtUp) expect([client.items.size, checksumOf([...client.items.values()])]).toEqual([size, checksum]);
}

/** Reads up to `max` messages, or until it has caught up. */
async function read(map: StreamingMap, where: object, client: Client, max: number): Promise<boolean> {
  const messages = map.changes({ filter: { where }, after: client.cursor });
  let isCaughtUp = false;
  for (let n = 0; n < max && !isCaughtUp; n++) {
    const { value: message } = await messages.next();
    if (!message) throw new Error('the end');
    apply(client, message);
    isCaughtUp = message.caughtUp;
  }
  await messages.return();
  return isCaughtUp;
}

it.each(FILTERS)('G6 a mirror of %j resumes after each message of a snapshot, while the map changes', async (where) => {
  const dice = new Dice(5);
  const log = memoryLog();
  const map = await openMap({ log, maxItems: 10_000 });
  for (let from = 0; from < KEYS; from += 1000)
    await map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `k${from + n}`, value: value(dice) })));
  const client: Client = { items: new Map(), cursor: undefined, resets: 0 };
  // One message at a time, each by another subscription.
  for (let message = 0; message < 30; message++) {
    await read(map, where, client, 1);
    if (message < 8) await change(map, log, dice, 40);
  }
  await change(map, log, dice, 200);
  // The sum of so many items is known some messages later.
  expect(await read(map, where, client, 20)).toBe(true);
  const truth = [...map.replica.items.index.from(0 as never)].filter((item) => oracleMatches(item.value, where));
  expect([...client.items.keys()].sort()).toEqual(truth.map(({ key }) => key).sort());
  expect(client.resets).toBe(1);
});

it.each(FILTERS)('G5 and G6 a mirror of %j that lags again and again has what matches', async (where) => {
  const dice = new Dice(6);
  const map = await openMap({ window: 60 });
  const client: Client = { items: new Map(), cursor: undefined, resets: 0 };
  await map.insertMany(Array.from({ length: 40 }, (_, n) => ({ key: `k${n}`, value: value(dice) })));
  for (let round = 0; round < 60; round++) {
    await read(map, where, client, 1);
    for (let n = dice.below(160); n > 0; n--) {
      const key = `k${dice.below(40)}`;
      // A key that is removed comes again at once, so that the removal need not be told.
      if (dice.once(6)) await map.remove(key);
      await map.insert({ key, value: value(dice) });
    }
  }
  expect(await read(map, where, client, 20)).toBe(true);
  const truth = [...map.replica.items.index.from(0 as never)].filter((item) => oracleMatches(item.value, where));
  expect([...client.items.keys()].sort()).toEqual(truth.map(({ key }) => key).sort());
  expect(client.resets).toBeLessThan(30);
});

it('a filter that no reader needs to be told of costs no message', async () => {
  const map = await openMap();
  const messages = map.changes({ filter: givenFilter({ where: { path: '/s', eq: 'open' } }) });
  await messages.next();
  const next = messages.next();
  for (const s of ['held', 'done', null]) await map.insert({ key: 'a', value: { s } });
  await map.remove('a');
  await map.insert({ key: 'b', value: { s: 'open' } });
  const { value: message } = await next;
  expect(message).toMatchObject({ upserted: [{ key: 'b' }], removed: [], size: 1 });
  await messages.return();
});
