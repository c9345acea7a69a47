import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { FaultyEngine } from '../../support/model/faulty-engine.ts';
import { take } from '../../support/model/open-map.ts';

async function twoNodes(): Promise<{ engine: FaultyEngine; one: StreamingMap; two: StreamingMap }> {
  const engine = new FaultyEngine();
  const open = async (): Promise<StreamingMap> => {
    const map = await StreamingMap.open({ log: engine.connect() });
    onTestFinished(() => map.close());
    return map;
  };
  return { engine, one: await open(), two: await open() };
}

/** Two nodes of a broken log: the second one can't reach the log. */
async function oneBehind(lose: (engine: FaultyEngine) => void): Promise<{
  one: StreamingMap;
  two: StreamingMap;
  comesBack: () => void;
}> {
  const { engine, one, two } = await twoNodes();
  for (const key of ['a', 'b']) await one.insert({ key, value: key });
  const [, log] = engine.connections;
  let comesBack = (): void => {};
  const back = new Promise<void>((resolve) => (comesBack = resolve));
  if (log) log.onCall = () => back;
  lose(engine);
  await one.reach(one.replica.cursor(one.replica.head));
  while (!one.health().ok) await turn();
  return { one, two, comesBack };
}

const losses = [
  ['a log that has lost its newest part', (engine: FaultyEngine) => engine.lose(1)],
  ['another log', (engine: FaultyEngine) => engine.recreate()],
] as const;

describe.each(losses)('on a node that has yet to follow %s', (_name, lose) => {
  it('a node that has yet to follow the new log waits for a cursor of that log, which has not expired (G4)', async () => {
    const { one, two, comesBack } = await oneBehind(lose);
    const { cursor } = await one.insert({ key: 'c', value: 1 });
    const items = take(two.items({ after: cursor }), 1);
    const changes = take(two.changes({ after: cursor }), 1);
    const reached = two.reach(cursor);
    await turn();
    comesBack();
    await reached;
    await one.insert({ key: 'd', value: 2 });
    expect(await items).toMatchObject([{ key: 'd' }]);
    expect(await changes).toMatchObject([{ reset: false }]);
    expect(two.counters.resets).toBe(0);
  });

  it('a node that has yet to follow the new log serves reads and refuses writes', async () => {
    const { two } = await oneBehind(lose);
    const [first] = await take(two.items(), 1);
    expect(await take(two.items({ after: first?.cursor }), 1)).toMatchObject([{ key: 'b' }]);
    expect(await take(two.changes(), 1)).toMatchObject([{ caughtUp: true, size: 2 }]);
    await expect(two.insert({ key: 'c', value: 1 })).rejects.toThrow(EngineUnavailableError);
  });

  it('a cursor of lost changes is valid until the node follows the new log, and expired afterwards (G4)', async () => {
    const { two, comesBack } = await oneBehind(lose);
    const lost = two.get('b')?.cursor ?? '';
    const items = two.items({ after: lost });
    const next = items.next();
    await turn();
    comesBack();
    await expect(next).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    await expect(take(two.items({ after: lost }), 1)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    await expect(two.reach(lost)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    expect(await take(two.changes({ after: lost }), 1)).toMatchObject([{ reset: true }]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'a subscription that starts %i microtasks before the new log is followed goes by the replica that is shown then (G1, G4)',
    async (microtasks) => {
      const { one, two, comesBack } = await oneBehind(lose);
      const lost = two.get('b')?.cursor ?? '';
      comesBack();
      for (let n = 0; n < microtasks; n++) await Promise.resolve();
      const [items, resumed] = [two.items({ limit: 1 }), two.items({ after: lost, limit: 1 })];
      const first = items.next();
      const expired = resumed.next().catch((error: unknown) => error);
      while (!two.health().ok) await turn();
      expect(await expired).toMatchObject({ code: 'CURSOR_EXPIRED' });
      await one.insert({ key: 'z', value: 1 });
      // Regardless of the replica at its start: another log has no `a`.
      expect(['a', 'z']).toContain((await first).value?.key);
    },
  );
});
