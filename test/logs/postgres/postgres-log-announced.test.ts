/** A reader that was told of entries that the server hasn't got: they were lost with a server that has failed. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { Epoch, Sequence } from '../../../src/core/model/position.ts';
import type { EntryReceiver } from '../../../src/logs/remote/driver.ts';
import type { Connection } from '../../../src/logs/postgres/connection.ts';
import { Reader } from '../../../src/logs/postgres/reader.ts';

const EPOCH = 'aaaaaaaaaaaa' as Epoch;
const EMPTY = {
  epoch: EPOCH,
  first: 1 as Sequence,
  last: 0 as Sequence,
  count: 0,
  trouble: undefined,
  unfit: undefined,
};

it('a reader does not ask again and again for entries that were announced and are not there, and reads those that come later', async () => {
  let reads = 0;
  const query = async (): Promise<readonly unknown[][]> => {
    await turn();
    reads++;
    return [];
  };
  const connection = { query, isUp: true, heard: 0, close: () => {}, restart: () => {} } as unknown as Connection;
  const receiver = { epoch: EPOCH, next: 1, previous: undefined } as unknown as EntryReceiver;
  const reader = new Reader({
    stream: { id: 1, epoch: EPOCH },
    receiver,
    open: async () => connection,
    look: async () => EMPTY,
    onStop: () => {},
  });
  onTestFinished(() => reader.stop());
  await reader.start();
  // One of them finds out whether it may read.
  await expect.poll(() => reads, { interval: 1 }).toBe(2);
  // Any role may send what is no number.
  reader.reached(NaN);
  reader.reached(1000);
  for (let n = 0; n < 100; n++) await turn();
  const settled = reads;
  expect(settled).toBeLessThan(6);
  reader.reached(1);
  await expect.poll(() => reads).toBeGreaterThan(settled);
});
