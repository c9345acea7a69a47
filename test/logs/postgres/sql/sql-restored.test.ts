import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { StreamingMap } from '../../../../src/core/streaming-map.ts';
import { describeWithPostgres, findPostgres } from '../../../support/engines/postgres.ts';
import { openMapOn } from './maps.ts';

const tool = (name: string, ...args: readonly string[]): void =>
  void execFileSync(findPostgres(name) ?? name, args, { stdio: 'pipe' });

const itemsOf = (map: StreamingMap): unknown[] =>
  ['a', 'b', 'c', 'd'].map((key) => [map.get(key)?.value, map.get(key)?.cursor]);

describeWithPostgres('a database that was dumped', (start) => {
  it('a log that pg_restore puts into a new cluster goes on, with the changes that no node had appended', async () => {
    const before = await start();
    // The ids of transactions of the new cluster are lower.
    const client = await before.client();
    for (let n = 0; n < 500; n++) await client.query('select pg_current_xact_id()');
    const map = await openMapOn(before.url);
    await map.insert({ key: 'a', value: 1 });
    await before.rows("select seamline.insert('seamline', 'b', '2')");
    await expect.poll(() => map.get('b')?.value).toBe(2);
    const { cursor } = map.get('b') ?? { cursor: '' };
    await map.close();
    await before.rows("select seamline.insert('seamline', 'c', '3'), seamline.insert('seamline', 'd', '4')");
    const dump = join(before.directory, 'dump');
    tool('pg_dump', '-Fc', '-d', before.url, '-f', dump);

    const after = await start();
    tool('pg_restore', '-e', '-d', after.url, dump);
    const restored = await openMapOn(after.url);
    await expect.poll(() => itemsOf(restored).map((item) => (item as unknown[])[0])).toEqual([1, 2, 3, 4]);
    const original = await openMapOn(before.url);
    await expect.poll(() => original.get('d')?.value).toBe(4);
    expect(itemsOf(restored).slice(0, 2)).toEqual(itemsOf(original).slice(0, 2));

    const keys: string[] = [];
    await after.rows("select seamline.insert('seamline', 'e', '5')");
    for await (const { key } of restored.items({ after: cursor })) {
      keys.push(key);
      if (key === 'e') break;
    }
    expect(keys).toEqual(['c', 'd', 'e']);
    expect(await after.rows('select from seamline.outbox')).toEqual([]);
  });
});
