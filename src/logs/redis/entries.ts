/** An entry as Redis gives it: its id, and names and values by turns. */
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Sequence } from '../../core/model/position.ts';

export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

const NOTHING = Buffer.alloc(0);

/** What isn't ours is an entry all the same, of which nobody makes anything; its time is that of the one before. */
export function entryIn([, fields]: RawEntry, sequence: Sequence, timeBefore = 0): LogEntry {
  const [timeName, time, dataName, data] = fields;
  const isOurs = timeName?.toString() === 'time' && dataName?.toString() === 'data';
  return isOurs
    ? { sequence, time: Number(time), data: data ?? NOTHING }
    : { sequence, time: timeBefore, data: NOTHING };
}
