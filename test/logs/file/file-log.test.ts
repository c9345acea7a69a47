import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileLog } from '../../../src/logs/file/file-log.ts';
import { copyOf, openKept, stateOf, temporaryDirectory } from '../../support/engines/kept.ts';
import { describeLog } from '../conformance.ts';

describeLog('a log in a directory', async () => {
  const directory = temporaryDirectory();
  return { log: fileLog({ directory }), reopen: async () => fileLog({ directory }) };
});

describe('a map in a directory', () => {
  it('a map in a directory has its items, window, cursors, timestamps and idempotency keys after a restart (G7)', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory, { map: { maxItems: 50, window: 80 } });
    const once = { key: 'a', value: 1, idempotencyKey: 'once' };
    const first = await map.insert(once);
    for (let batch = 0; batch < 10; batch++)
      await map.insertMany(Array.from({ length: 10 }, (_, n) => ({ key: `k${batch * 7 + n}`, value: { batch, n } })));
    await map.insert({ key: 'mortal', value: 'x', ttl: 1000 });
    await map.remove('k60');
    const before = stateOf(map);
    await map.close();

    const again = await openKept(directory);
    expect(stateOf(again)).toEqual(before);
    expect(await again.insert(once)).toEqual(first);
    expect(stateOf(again)[0]).toContain(`"head":${JSON.stringify(map.replica.head)}`);
  });

  it('a map in a directory has everything that was answered when its process was killed (G7)', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory);
    await Promise.all(Array.from({ length: 300 }, (_, n) => map.insert({ key: `k${n % 70}`, value: n })));
    const killed = await openKept(copyOf(directory));
    expect(stateOf(killed)).toEqual(stateOf(map));
  });

  it('a subscription resumes by its cursor after a restart (G4)', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory);
    const [item] = await map.insertMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
      { key: 'a', value: 3 },
    ]);
    await map.close();
    const again = await openKept(directory);
    await again.insert({ key: 'c', value: 4 });
    const seen: unknown[] = [];
    for await (const { key, value } of again.items({ after: item?.cursor ?? '', limit: 3 })) seen.push([key, value]);
    expect(seen).toEqual([
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ]);
  });

  it('items that were due while no process ran expire after a restart', async () => {
    const directory = temporaryDirectory();
    let now = 1_700_000_000_000;
    const clock = (): number => now;
    const map = await openKept(directory, { clock });
    await map.insert({ key: 'a', value: 1, ttl: 60 });
    await map.close();
    now += 61_000;
    const again = await openKept(directory, { clock });
    await again.insert({ key: 'b', value: 2 });
    expect([again.get('a'), again.get('b')?.value]).toEqual([undefined, 2]);
  });

  it('a log whose directory was lost is another log, of another epoch (G4)', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory);
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    await map.close();
    rmSync(directory, { recursive: true });
    const again = await openKept(directory);
    expect(again.replica.epoch).not.toBe(map.replica.epoch);
    await expect(again.items({ after: cursor }).next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
  });

  it('a directory that a map uses is refused to another one', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory);
    await expect(openKept(directory)).rejects.toThrow(`${directory} is in use`);
    await map.insert({ key: 'a', value: 1 });
    await map.close();
    expect((await openKept(directory)).get('a')?.value).toBe(1);
  });

  it('a closed log refuses appends, and answers those that were under way', async () => {
    const directory = temporaryDirectory();
    const log = fileLog({ directory });
    await log.open();
    const answer = log.append(Buffer.from('a'), 'a');
    const closed = log.close();
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    const answered = await answer.then(
      () => 1,
      () => 0,
    );
    await closed;
    const again = fileLog({ directory });
    await again.open();
    expect(await again.last()).toBe(answered);
    await again.close();
  });

  it('onLoading is called with rising shares, up to 1', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory);
    for (let n = 0; n < 20; n++) await map.insert({ key: `k${n}`, value: 'x'.repeat(60_000) });
    await map.close();
    const shares: number[] = [];
    await openKept(directory, { onLoading: (share) => shares.push(share) });
    expect(shares.length).toBeGreaterThan(2);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect([shares[0]! < 1, shares.at(-1)]).toEqual([true, 1]);
  });
});
