/** An entry as Redis returns it: its id, then names and values alternately. */
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Sequence } from '../../core/model/position.ts';

export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

const NOTHING = Buffer.alloc(0);

/** An entry of another program counts as one without data, with the time of the entry before it. */
export function entryIn([, fields]: RawEntry, sequence: Sequence, timeBefore = 0): LogEntry {
  const [timeName, time, dataName, data] = fields;
  const isOurs = timeName?.toString() === 'time' && dataName?.toString() === 'data';
  return isOurs
    ? { sequence, time: Number(time), data: data ?? NOTHING }
    : { sequence, time: timeBefore, data: NOTHING };
}
