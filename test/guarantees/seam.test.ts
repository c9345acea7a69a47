import { describe, expect, it } from 'vitest';
import { InsertItemDocument, ItemPageDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { ask, transports } from '../support/clients/clients.ts';
import { startServer } from '../support/server/server.ts';

/** Inserts keys of the given numbers directly, in batches of up to 1,000. */
async function fill(server: SeamlineServer, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += 1000)
    await server.map.insertMany(keys.slice(from, from + 1000).map((key) => ({ key, value: key })));
}

const numbered = (count: number, prefix = 'k'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe.each(transports)('over $name', ({ subscribe }) => {
  it('G1 delivers every current item in position order, then every insertion', async () => {
    const server = await startServer();
    await fill(server, ['a', 'b', 'c', 'a']);
    const feed = subscribe(server, ItemsDocument);
    const cached = await feed.take(3);
    await fill(server, ['d', 'b']);
    const live = await feed.take(2);
    expect([...cached, ...live].map(({ data }) => data?.items.key)).toEqual(['b', 'c', 'a', 'd', 'b']);
  });

  it('G1 delivers an item that is inserted while a snapshot of 100,000 is being sent once, after the snapshot', async () => {
    const server = await startServer();
    const keys = numbered(100_000);
    await fill(server, keys);
    const feed = subscribe(server, ItemsDocument, { limit: 100_001 });
    const first = await feed.take(10);
    await ask(server, InsertItemDocument, { input: { key: 'late', value: 1 } });
    const seen = [...first, ...(await feed.take(99_991))].map(({ data }) => data?.items.key);
    // The map holds 100,000 items, so the late one evicts the oldest, which was sent long before.
    expect(seen).toEqual([...keys, 'late']);
    expect(await feed.next()).toBeUndefined();
  });

  it('G1 skips an item that is superseded or removed before it could be sent', async () => {
    const server = await startServer();
    await fill(server, numbered(20_000));
    const feed = subscribe(server, ItemsDocument);
    const seen = (await feed.take(1)).map(({ data }) => data?.items.key);
    await fill(server, ['k19999']);
    await server.map.remove('k19998');
    await fill(server, ['end']);
    for await (const { data } of feed) {
      seen.push(data?.items.key);
      if (data?.items.key === 'end') break;
    }
    expect(seen.filter((key) => key === 'k19999')).toHaveLength(1);
    expect(seen).not.toContain('k19998');
    expect(seen.slice(-2)).toEqual(['k19999', 'end']);
  });

  it('G1 loses no item that is inserted at the moment of the subscription', async () => {
    const server = await startServer();
    for (let round = 0; round < 50; round++) {
      const feed = subscribe(server, ItemsDocument, { filter: { keyPrefix: `r${round}-` } });
      const taken = feed.take(3);
      for (const key of ['a', 'b', 'c']) {
        await ask(server, InsertItemDocument, { input: { key: `r${round}-${key}`, value: round } });
      }
      expect((await taken).map(({ data }) => data?.items.key)).toEqual(
        ['a', 'b', 'c'].map((key) => `r${round}-${key}`),
      );
      await feed.leave();
    }
  });

  it('G11 continues from a query to a subscription without a gap, also when further pages are fetched meanwhile', async () => {
    const server = await startServer();
    await fill(server, numbered(30));
    const have = new Map<string, string>();
    const { items: page } = await ask(server, ItemPageDocument, { first: 10 });
    for (const { node } of page.edges) have.set(node.key, node.cursor);
    const feed = subscribe(server, ItemsDocument, { after: page.cursor });
    await fill(server, ['k5', 'k25', 'new']);
    for (const { data } of await feed.take(3)) if (data) have.set(data.items.key, data.items.cursor);
    let { endCursor, hasNextPage } = page.pageInfo;
    while (hasNextPage) {
      const { items: further } = await ask(server, ItemPageDocument, { first: 10, after: endCursor });
      for (const { node } of further.edges) {
        const known = have.get(node.key);
        if (known === undefined || known < node.cursor) have.set(node.key, node.cursor);
      }
      ({ endCursor, hasNextPage } = further.pageInfo);
    }
    const truth = [...numbered(30), 'new'].map((key) => [key, server.map.get(key)?.cursor]);
    expect([...have].sort()).toEqual(truth.sort());
  });
});
