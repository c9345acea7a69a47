import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../../src/core/model/position.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { describeLog } from '../conformance.ts';

describeLog('a log in memory', async () => ({ log: memoryLog({ shared: true }) }));

const at = (sequence: number): Sequence => sequence as Sequence;

function collect(): { held: LogEntry[]; entries: (batch: readonly LogEntry[]) => void; broken: () => void } {
  const held: LogEntry[] = [];
  return { held, entries: (batch) => held.push(...batch), broken: () => {} };
}

describe('a memory log that is not shared', () => {
  it('a memory log drops an entry once it is applied', async () => {
    const log = memoryLog();
    const follower = collect();
    await log.follow(at(1), follower);
    expect(await log.append(Buffer.from('a'), 'a')).toBe(1);
    expect(await log.append(Buffer.from('b'), 'b')).toBe(2);
    expect(follower.held.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(await log.entryAt(at(1))).toBeUndefined();
    expect(await log.entryAt(at(2))).toBeUndefined();
    expect(await log.last()).toBe(2);
  });

  it('a memory log keeps entries that have had no listener yet', async () => {
    const log = memoryLog();
    await log.append(Buffer.from('a'), 'a');
    const follower = collect();
    await log.follow(at(1), follower);
    expect(follower.held).toHaveLength(1);
    await log.append(Buffer.from('b'), 'b');
    expect(follower.held.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

describe('a memory log', () => {
  it('a memory log delivers an entry before `append` returns', async () => {
    const log = memoryLog();
    const follower = collect();
    await log.follow(at(1), follower);
    const appended = log.append(Buffer.from('a'), 'a');
    expect(follower.held).toHaveLength(1);
    await appended;
  });

  it('a memory log has the time of the clock that it is given', async () => {
    let now = 5000;
    const log = memoryLog({ clock: () => now, shared: true });
    await log.append(Buffer.from('a'), 'a');
    now = 4000;
    await log.append(Buffer.from('b'), 'b');
    expect([(await log.entryAt(at(1)))?.time, (await log.entryAt(at(2)))?.time]).toEqual([5000, 4000]);
  });
});
