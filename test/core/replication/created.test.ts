import { expect, it } from 'vitest';
import { DEFAULT_BOUNDS } from '../../../src/core/replication/bootstrap.ts';
import { FaultyEngine } from '../../support/model/faulty-engine.ts';
import { join, sharedLog, stateOf } from '../../support/model/node.ts';
import { appendTransaction } from '../../support/model/transactions.ts';

const inputs = (...keys: string[]) => keys.map((key) => ({ key, value: key }));

it('a log that holds only a transaction is created with the bounds of the first node, and all nodes agree', async () => {
  const log = sharedLog();
  await appendTransaction(log, inputs('a', 'b', 'c'));
  const first = await join(log, { maxItems: 2 });
  const second = await join(log);
  expect(first.replica.bounds).toEqual({ ...DEFAULT_BOUNDS, maxItems: 2 });
  expect(stateOf(second)).toEqual(stateOf(first));
  expect(first.replica.items.size).toBe(2);
});

it('a transaction that comes between the opening of a log and its creation leaves equal nodes', async () => {
  const engine = new FaultyEngine();
  const log = engine.connect();
  log.onCall = async (name) => {
    if (name !== 'append' || engine.entries.length > 0) return;
    await appendTransaction(engine.connect(), inputs('a', 'b', 'c'));
  };
  const first = await join(log, { maxItems: 2, window: 5 });
  const second = await join(engine.connect());
  expect(engine.entries).toHaveLength(2);
  expect(second.replica.bounds).toEqual({ ...DEFAULT_BOUNDS, maxItems: 2, window: 5 });
  expect(stateOf(second)).toEqual(stateOf(first));
});
