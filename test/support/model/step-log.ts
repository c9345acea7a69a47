import type { LogEntry, LogListener, OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../../src/core/model/position.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

/** A log that appends at once and delivers on request: a remote log whose steps the test controls. */
export interface StepLog extends OrderedLog {
  /** Delivers the oldest undelivered entry to the listeners. */
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
          // The command that creates the log is not part of any schedule.
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
