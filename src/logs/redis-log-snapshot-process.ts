/**
 * Makes one snapshot, as any node would that keeps a log short: from the newest one by what follows it. It is told on stdin which log:
 * passwords are nobody else's business.
 */
import { text } from 'node:stream/consumers';
import { redisLog } from './redis-log.ts';
import type { SnapshotOrder } from './redis-log-snapshot-maker.ts';
import { makeAside, saveSnapshotOf } from './snapshot-making.ts';

await makeAside(async () => {
  const { options, epoch } = JSON.parse(await text(process.stdin)) as SnapshotOrder;
  const log = redisLog({ ...options, snapshotBytes: Number.MAX_SAFE_INTEGER });
  try {
    if ((await log.open()) !== epoch) throw new Error('the log was made anew');
    await saveSnapshotOf(log);
  } finally {
    await log.close();
  }
});
