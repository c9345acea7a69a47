import { describe, expect, it } from 'vitest';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import { FaultyEngine } from '../../support/model/faulty-engine.ts';
import { inserted } from '../../support/model/feed.ts';
import { insert, join, stateOf } from '../../support/model/node.ts';

const keysOf = (node: Awaited<ReturnType<typeof join>>): string[] =>
  [...node.replica.items.index.from(0 as never)].map(({ key }) => key);

describe('a node whose log breaks', () => {
  it('a node whose log breaks continues with the entries that the log has then', async () => {
    const engine = new FaultyEngine();
    const node = await join(engine.connect());
    for (const key of ['a', 'b', 'c']) await insert(node, key);
    engine.lose(2);
    expect(keysOf(node)).toEqual(['a', 'b', 'c']);
    await node.caughtUp();
    expect(keysOf(node)).toEqual(['a']);
    expect(inserted(await insert(node, 'd'))[0]).toMatchObject({ position: 2 });
    expect(stateOf(await join(engine.connect()))).toEqual(stateOf(node));
  });

  it('a node whose log is replaced by an empty one creates it again, and inserts there', async () => {
    const engine = new FaultyEngine();
    const node = await join(engine.connect(), { maxItems: 7 });
    await insert(node, 'a');
    engine.recreate();
    await node.caughtUp();
    expect(node.replica.epoch).toBe(engine.epoch);
    expect(node.replica.bounds.maxItems).toBe(7);
    expect(inserted(await insert(node, 'b'))[0]).toMatchObject({ position: 1 });
    expect(keysOf(node)).toEqual(['b']);
  });

  it('a node whose log is broken is not ready, serves reads and refuses writes', async () => {
    const engine = new FaultyEngine();
    const node = await join(engine.connect());
    await insert(node, 'a');
    engine.isAway = true;
    engine.break('gone');
    expect(node.health()).toMatchObject({ ok: false, reason: expect.stringContaining('gone') as string });
    await expect(insert(node, 'b')).rejects.toThrow(EngineUnavailableError);
    expect(keysOf(node)).toEqual(['a']);
    engine.isAway = false;
    await node.caughtUp();
    expect(node.health()).toEqual({ ok: true });
    await insert(node, 'b');
    expect(keysOf(node)).toEqual(['a', 'b']);
  });
});
