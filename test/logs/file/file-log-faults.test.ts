/** A disk that fails: refused insertions are never visible, answered ones stay, and subscriptions go on. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { FileLog } from '../../../src/logs/file/file-log.ts';
import { request, transports } from '../../support/clients/clients.ts';
import { copyOf, openKept, temporaryDirectory } from '../../support/engines/kept.ts';
import { urlOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

type Fault = 'full' | 'unflushed' | 'flushed' | 'unsealed' | 'dead';

const worker = new URL('../../support/engines/faulty-store-worker.ts', import.meta.url);

/** A server with one item, whose disk fails on demand. */
async function faulty() {
  const directory = temporaryDirectory();
  const server = await startServer({ log: new FileLog({ directory }, worker) });
  await insert(server, 'before');
  return {
    directory,
    server,
    fail: (fault: Fault): void => writeFileSync(join(directory, 'fault'), fault),
    mend: (): void => rmSync(join(directory, 'fault')),
  };
}

/** The key, or the code of the error. */
async function insert(server: SeamlineServer, key: string): Promise<unknown> {
  const { data, errors } = await request<{ insertItem: { key: string } }, object>(
    server,
    'mutation ($key: ID!) { insertItem(input: { key: $key, value: 1 }) { key } }',
    { key },
  );
  return errors?.[0]?.extensions['code'] ?? data?.insertItem.key;
}

const statusOf = async (server: SeamlineServer, path: string): Promise<number> =>
  (await fetch(urlOf(server, path))).status;

const keysIn = async (directory: string): Promise<string[]> => {
  const map = await openKept(directory);
  const keys = [...map.replica.items.index.from(0 as never)].map(({ key }) => key);
  await map.close();
  return keys;
};

describe('a full disk', () => {
  it('a full disk makes insertions fail while it is full, and none of them is ever visible', async () => {
    const { directory, server, fail, mend } = await faulty();
    fail('full');
    const refused = await Promise.all(Array.from({ length: 20 }, (_, n) => insert(server, `refused-${n}`)));
    expect(new Set(refused)).toEqual(new Set(['ENGINE_UNAVAILABLE']));
    expect(await statusOf(server, '/ready')).toBe(503);
    expect(await statusOf(server, '/health')).toBe(200);
    expect(await keysIn(copyOf(directory))).toEqual(['before']);
    mend();
    expect(await insert(server, 'after')).toBe('after');
    expect(await statusOf(server, '/ready')).toBe(200);
    expect(server.map.replica.head.position).toBe(2);
    expect(await keysIn(copyOf(directory))).toEqual(['before', 'after']);
  });

  it('a server becomes ready again when its disk has room, without an insertion', async () => {
    const { server, fail, mend } = await faulty();
    fail('full');
    await insert(server, 'refused');
    mend();
    await expect.poll(() => statusOf(server, '/ready'), { timeout: 10_000 }).toBe(200);
  });

  it.each(transports)('a full disk does not disturb subscriptions over $name', async ({ subscribe }) => {
    const { server, fail, mend } = await faulty();
    const feed = subscribe<{ items: { key: string } }, object>(server, 'subscription { items { key } }');
    await feed.take(1);
    fail('full');
    await insert(server, 'refused');
    const joining = subscribe<{ items: { key: string } }, object>(server, 'subscription { items { key } }');
    expect(await joining.take(1)).toMatchObject([{ data: { items: { key: 'before' } } }]);
    mend();
    await insert(server, 'after');
    for (const each of [feed, joining])
      expect(await each.take(1)).toMatchObject([{ data: { items: { key: 'after' } } }]);
  });
});

describe.each<Fault>(['unflushed', 'flushed'])('a flush that fails, with its bytes %s', (fault) => {
  it('a failed flush makes insertions fail for good; they are never visible, and answered ones stay', async () => {
    const { directory, server, fail, mend } = await faulty();
    fail(fault);
    expect(await insert(server, 'refused')).toBe('ENGINE_UNAVAILABLE');
    mend();
    // The disk works again, but it can't know what it has lost.
    expect(await insert(server, 'refused too')).toBe('ENGINE_UNAVAILABLE');
    expect(await statusOf(server, '/ready')).toBe(503);
    expect(server.map.get('refused')).toBeUndefined();
    const feed = transports[0]!.subscribe(server, 'subscription { items { key } }');
    expect(await feed.take(1)).toMatchObject([{ data: { items: { key: 'before' } } }]);

    expect(await keysIn(copyOf(directory))).toEqual(['before']);
    await server.drain();
    const again = await openKept(directory);
    expect(again.get('refused')).toBeUndefined();
    expect((await again.insert({ key: 'again', value: 1 })).position).toBe(2);
    await again.close();
    expect(await keysIn(directory)).toEqual(['before', 'again']);
  });
});

describe.each<Fault>(['unsealed', 'dead'])('a store that is %s', (fault) => {
  it('the insertion under way is answered as indeterminate, and later ones are refused', async () => {
    const { directory, server, fail } = await faulty();
    fail(fault);
    expect(await insert(server, 'perhaps')).toBe('INDETERMINATE');
    expect(await insert(server, 'refused')).toBe('ENGINE_UNAVAILABLE');
    expect(await statusOf(server, '/ready')).toBe(503);
    expect(await keysIn(copyOf(directory))).not.toContain('refused');
  });
});

it('a log whose directory is deleted while it is open refuses insertions', async () => {
  const directory = temporaryDirectory();
  const server = await startServer({ data: directory });
  await insert(server, 'before');
  rmSync(directory, { recursive: true });
  expect(await insert(server, 'refused')).toBe('ENGINE_UNAVAILABLE');
  expect(server.map.get('before')?.value).toBe(1);
});
