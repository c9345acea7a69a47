/** What the processes that build a snapshot have in common. snapshot-child.ts starts them. */
import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { loadReplica } from '../../core/replication/bootstrap.ts';
import { decodeCommand } from '../../core/model/command.ts';
import { LogSubscription } from '../../core/replication/log-subscription.ts';
import { messageOf, SILENT } from '../../core/model/logger.ts';
import type { LogEntry, OrderedLog } from '../../core/replication/ordered-log.ts';
import type { Replica } from '../../core/replica/replica.ts';
import { exportChunks } from '../../core/replica/snapshot.ts';
import { FAILED } from './snapshot-child.ts';

/** The exit code of the process says whether it succeeded, its stderr why not. */
export async function runAtLowPriority(make: () => Promise<void>): Promise<void> {
  yieldToOthers();
  try {
    await make();
  } catch (error) {
    // The error itself may quote a value that it could not parse, and values don't belong into a log.
    process.stderr.write(`${FAILED}${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** Builds it from the newest snapshot and the entries after it, then trims the log before those two. Does nothing without such entries. */
export async function saveSnapshotOf(log: OrderedLog): Promise<void> {
  const replica = await loadReplica<unknown>({ log, logger: SILENT });
  const base = replica.sequence;
  const subscription = new LogSubscription(replica, {
    awaited: () => undefined,
    onEntry: () => {},
    onApplied: () => {},
    onBroken: () => {},
  });
  await subscription.begin(log);
  await subscription.reaches(await log.last());
  subscription.end(new Error('the snapshot is complete'));
  if (subscription.poison) throw subscription.poison;
  const { sequence, commandId } = replica;
  if (sequence === base) return;
  await log.saveSnapshot({ sequence, commandId, chunks: exportChunks(replica) });
  // Both can be read: the new one was verified when it was saved, the older one was the base of it.
  if (base > 1) await log.trim(base);
}

function yieldToOthers(): void {
  try {
    setPriority(10);
    // On Linux each thread has a priority of its own, also those of the garbage collector.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), 10);
    // This process is killed first when memory runs out.
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not every system lets it.
  }
}

export function applyTo(replica: Replica<unknown>, { sequence, time, data }: LogEntry): void {
  const decoded = decodeCommand(data);
  if (decoded) replica.apply(sequence, time, decoded);
  else replica.skip(sequence);
}
