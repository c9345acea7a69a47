/**
 * Makes one snapshot of a log that several nodes follow, as any of them would: from the newest one by what follows it. It is told on
 * stdin which log: passwords are nobody else's business.
 */
import { text } from 'node:stream/consumers';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import type { SnapshotOrder } from './snapshot-maker.ts';
import { makeAside, saveSnapshotOf } from '../process/snapshot-making.ts';

await makeAside(async () => {
  const order = JSON.parse(await text(process.stdin)) as SnapshotOrder;
  const log = await logOf(order);
  try {
    if ((await log.open()) !== order.epoch) throw new Error('the log was made anew');
    await saveSnapshotOf(log);
  } finally {
    await log.close();
  }
});

/** Each with its own client. */
async function logOf({ engine, options }: SnapshotOrder): Promise<OrderedLog> {
  const aside = { snapshotBytes: Number.MAX_SAFE_INTEGER };
  if (engine === 'nats') return (await import('../nats/nats-log.ts')).natsLog({ ...options, ...aside, create: false });
  return (await import('../redis/redis-log.ts')).redisLog({ ...options, ...aside });
}
