/**
 * Builds one snapshot of a remote log: from the newest snapshot and the entries after it. Its order comes on stdin, because
 * arguments are visible to other processes and the options may hold passwords.
 */
import { text } from 'node:stream/consumers';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { runAtLowPriority, saveSnapshotOf } from '../process/snapshot-builder.ts';
import type { SnapshotOrder } from './snapshot-scheduler.ts';

await runAtLowPriority(async () => {
  const { url, name, options, epoch } = JSON.parse(await text(process.stdin)) as SnapshotOrder;
  const module = (await import(url)) as Readonly<Record<string, (options: object) => OrderedLog>>;
  const log = module[name]?.({ ...options, snapshotBytes: Number.MAX_SAFE_INTEGER });
  if (!log) throw new Error(`${url} exports no ${name}`);
  try {
    if ((await log.open()) !== epoch) throw new Error('another log has taken its place');
    await saveSnapshotOf(log);
  } finally {
    await log.close();
  }
});
