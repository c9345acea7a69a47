/** What the processes that make a snapshot have in common: snapshot-child.ts starts them. */
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

/** Does it behind everybody else's back. The process ends with what became of it. */
export async function makeAside(make: () => Promise<void>): Promise<void> {
  yieldToOthers();
  try {
    await make();
  } catch (error) {
    // Not the error itself: a parser's quotes what it was given, and values are nobody's business but their readers'.
    process.stderr.write(`${FAILED}${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** From the newest snapshot by what follows it, and lets go what is older than those two. Nothing when nothing has followed it. */
export async function saveSnapshotOf(log: OrderedLog): Promise<void> {
  const replica = await loadReplica<unknown>({ log, bounds: {}, logger: SILENT });
  const base = replica.sequence;
  const subscription = new LogSubscription(replica, {
    awaited: () => undefined,
    onEntry: () => {},
    onApplied: () => {},
    onBroken: () => {},
  });
  await subscription.begin(log);
  await subscription.reaches(await log.last());
  subscription.end(new Error('it has what it needs'));
  if (subscription.poison) throw subscription.poison;
  const { sequence, commandId } = replica;
  if (sequence === base) return;
  await log.saveSnapshot({ sequence, commandId, chunks: exportChunks(replica) });
  // Both have been read back: this one just now, and the other one to make it.
  if (base > 1) await log.trim(base);
}

function yieldToOthers(): void {
  try {
    setPriority(10);
    // Linux, where each thread has a priority of its own: those that collect the garbage, too.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), 10);
    // What is killed first when memory runs out.
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Then not.
  }
}

export function applyTo(replica: Replica<unknown>, { sequence, time, data }: LogEntry): void {
  const decoded = decodeCommand<unknown>(data);
  if (decoded) replica.apply(sequence, time, decoded);
  else replica.skip(sequence);
}
