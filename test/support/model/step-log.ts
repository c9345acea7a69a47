import type { LogEntry, LogListener, OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../../src/core/model/position.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

/** A log that appends at once and hands on when told to: as a log elsewhere does, with the steps in the test's hand. */
export interface StepLog extends OrderedLog {
  /** The oldest entry that has not been handed on goes to the followers. */
  deliver(): void;
  deliverAll(): void;
}

export function stepLog(clock: () => number = () => 0): StepLog {
  const inner = memoryLog({ clock, shared: true });
  const waiting: LogEntry[] = [];
  const followers = new Set<LogListener>();
  let isOpen = true;

  const deliver = (): void => {
    const entry = waiting.shift();
    if (entry) for (const follower of followers) follower.entries([entry]);
  };
  const deliverAll = (): void => {
    while (waiting.length > 0) deliver();
  };

  return {
    engine: 'step',
    open: () => inner.open(),
    append: (data, id) => inner.append(data, id),
    async follow(from: Sequence, follower: LogListener) {
      followers.add(follower);
      const stop = await inner.follow(from, {
        entries: (batch) => {
          waiting.push(...batch);
          // Founding the log is not part of any schedule.
          if (isOpen) deliverAll();
        },
        broken: (reason) => follower.broken(reason),
      });
      return () => {
        followers.delete(follower);
        stop();
      };
    },
    last: () => inner.last(),
    entryAt: (sequence) => inner.entryAt(sequence),
    saveSnapshot: (snapshot) => inner.saveSnapshot(snapshot),
    loadSnapshots: () => inner.loadSnapshots(),
    trim: (sequence) => inner.trim(sequence),
    health: () => inner.health(),
    close: () => inner.close(),
    deliver: () => {
      isOpen = false;
      deliver();
    },
    deliverAll,
  } satisfies StepLog;
}
