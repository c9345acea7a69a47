/** An engine as somebody outside this package might write it: one array. */
import type { Epoch, LogEntry, LogListener, LogSnapshot, OrderedLog, Sequence } from '../../../src/index.ts';

/** What it does wrong. */
export type Fault = 'loses the last byte' | 'skips a sequence' | 'forgets to trim' | 'follows from the start';

export function arrayLog(fault?: Fault): OrderedLog {
  const epoch = Array.from({ length: 12 }, () => Math.floor(Math.random() * 36).toString(36)).join('') as Epoch;
  const entries: LogEntry[] = [];
  const listeners = new Set<LogListener>();
  let snapshots: LogSnapshot[] = [];
  let [first, last] = [1, 0];
  return {
    engine: 'array',
    open: async () => epoch,
    async append(data) {
      last += fault === 'skips a sequence' && last === 1 ? 2 : 1;
      const stored = fault === 'loses the last byte' ? data.slice(0, -1) : data.slice();
      const entry = { sequence: last as Sequence, time: Date.now(), data: stored };
      entries.push(entry);
      for (const listener of listeners) listener.entries([entry]);
      return entry.sequence;
    },
    async follow(from, listener) {
      if (from < first || from > last + 1) throw new RangeError(`sequence ${from} is not in the log`);
      const wanted = entries.filter(({ sequence }) => sequence >= from || fault === 'follows from the start');
      if (wanted.length > 0) listener.entries(wanted);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    last: async () => last as Sequence,
    entryAt: async (at) => entries.find(({ sequence }) => sequence === at && sequence >= first),
    async saveSnapshot({ sequence, commandId, chunks }) {
      const kept: Uint8Array[] = [];
      for await (const chunk of chunks) kept.push(chunk);
      snapshots = [...snapshots, { sequence, commandId, chunks: kept }]
        .toSorted((one, other) => other.sequence - one.sequence)
        .slice(0, 2);
    },
    loadSnapshots: async () => snapshots,
    async trim(sequence) {
      if (fault !== 'forgets to trim') first = Math.max(first, Math.min(sequence, last + 1));
    },
    health: () => ({ ok: true }),
    close: async () => {},
  };
}
