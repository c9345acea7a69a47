import { describe, expect, it } from 'vitest';
import { DEFAULT_BOUNDS } from '../../../src/core/replication/bootstrap.ts';
import { foreign, insert, join, type Node, sharedLog, stateOf } from '../../support/model/node.ts';
import { replaced } from '../../support/documents/replaced.ts';

const textOf = (node: Node): string =>
  stateOf(node)
    .map((line) => `${line}\n`)
    .join('');
const bytesOf = (text: string): Uint8Array[] => [Buffer.from(text)];

describe('bounds', () => {
  it('the node that creates the log sets its bounds', async () => {
    const log = sharedLog();
    await join(log, { maxItems: 3 });
    const other = await join(log);
    expect(other.replica.bounds).toEqual({ ...DEFAULT_BOUNDS, maxItems: 3 });
    expect(other.replica.sequence).toBe(1);
  });

  it('the bounds of a joining node that differ are changed for all nodes by one command, and logged', async () => {
    const log = sharedLog();
    const one = await join(log, { maxItems: 3, window: 10 });
    for (const key of ['a', 'b', 'c', 'd']) await insert(one, key);
    const two = await join(log, { maxItems: 2 });
    expect(two.lines).toEqual(["changed the log's bounds: maxItems 3 → 2"]);
    expect(one.replica.bounds).toEqual({ ...DEFAULT_BOUNDS, maxItems: 2, window: 10 });
    expect(stateOf(one)).toEqual(stateOf(two));
    expect(one.replica.items.size).toBe(2);
  });

  it('bounds that equal those of the log need no command', async () => {
    const log = sharedLog();
    await join(log, { maxItems: 3 });
    const two = await join(log, { maxItems: 3 });
    expect(await log.last()).toBe(1);
    expect(two.lines).toEqual([]);
  });

  it('two nodes that create one log at once agree on its bounds', async () => {
    const log = sharedLog();
    const [one, two] = await Promise.all([join(log, { maxItems: 3 }), join(log, { window: 7 })]);
    for (const key of ['a', 'b', 'c', 'd']) await insert(one, key);
    expect(one.replica.bounds).toEqual(two.replica.bounds);
    expect(stateOf(one)).toEqual(stateOf(two));
  });

  it('nodes agree on the bounds although the first entry of the log is foreign', async () => {
    const log = sharedLog();
    await foreign(log);
    const one = await join(log, { maxItems: 3 });
    const two = await join(log);
    for (const key of ['a', 'b', 'c', 'd']) await insert(one, key);
    expect(two.replica.bounds).toEqual(one.replica.bounds);
    expect(stateOf(two)).toEqual(stateOf(one));
  });
});

describe('a node that joins late', () => {
  it('a late node follows the log from its start', async () => {
    const log = sharedLog();
    const one = await join(log);
    for (const key of ['a', 'b', 'a']) await insert(one, key);
    expect(stateOf(await join(log))).toEqual(stateOf(one));
  });

  it('a late node starts from a snapshot, and equals a node that followed from the start', async () => {
    const log = sharedLog();
    const one = await join(log, { window: 3 });
    for (const key of ['a', 'b', 'a', 'c']) await insert(one, key, { text: `é\n${key}` });
    await one.saveSnapshot();
    const { sequence } = one.replica;
    await insert(one, 'd');
    await log.trim(sequence);
    const two = await join(log);
    expect(stateOf(two)).toEqual(stateOf(one));
    await Promise.all([insert(one, 'e'), insert(two, 'f')]);
    await Promise.all([one.caughtUp(), two.caughtUp()]);
    expect(stateOf(two)).toEqual(stateOf(one));
  });

  it('a late node starts from a snapshot that was saved right after a foreign entry', async () => {
    const log = sharedLog();
    const one = await join(log);
    await insert(one, 'a');
    await foreign(log);
    await one.saveSnapshot();
    await log.trim(one.replica.sequence);
    expect(stateOf(await join(log))).toEqual(stateOf(one));
  });

  it('a late node ignores a snapshot that disagrees with the log', async () => {
    const log = sharedLog();
    const one = await join(log);
    for (const key of ['a', 'b']) await insert(one, key);
    const chunks = bytesOf(replaced(textOf(one), '["b","b"', '["b","of another history"'));
    const { sequence, commandId } = one.replica;
    await log.saveSnapshot({ sequence, commandId: 'other', chunks });
    expect(stateOf(await join(log))).toEqual(stateOf(one));
    // The snapshot itself is usable.
    await log.saveSnapshot({ sequence, commandId, chunks });
    expect(stateOf(await join(log))).not.toEqual(stateOf(one));
  });

  it.each<[string, (state: string) => string, string]>([
    ['is truncated', (state) => state.slice(0, -20), ''],
    ['is not JSON', () => 'nonsense\n', 'not valid JSON'],
    ['is of a later format', (state) => replaced(state, '"state":2', '"state":9'), 'unknown snapshot format 9'],
    ['is of an earlier format', (state) => replaced(state, '"state":2', '"state":1'), 'unknown snapshot format 1'],
  ])('a late node starts from the older snapshot when the newest one %s, and logs that', async (_, damage, words) => {
    const log = sharedLog();
    const one = await join(log);
    await insert(one, 'a');
    await one.saveSnapshot();
    await insert(one, 'b');
    const { sequence, commandId } = one.replica;
    await log.saveSnapshot({ sequence, commandId, chunks: bytesOf(damage(textOf(one))) });
    const late = await join(log);
    expect(stateOf(late)).toEqual(stateOf(one));
    const said = expect.stringContaining(`the snapshot at sequence ${sequence} can't be read: `);
    expect(late.lines).toEqual([said]);
    expect(late.lines[0]).toContain(words);
  });
});
