/** What the processes that make a snapshot have in common: snapshot-child.ts starts them. */
import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { decodeCommand } from '../core/command.ts';
import { messageOf } from '../core/logger.ts';
import type { LogEntry } from '../core/ordered-log.ts';
import type { Replica } from '../core/replica.ts';
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
