/** Queries whose filters on values few items match: pages over HTTP, and what one query may look at. */
import { beforeAll, describe, expect, it } from 'vitest';
import { RootReads, type Scan } from '../../../schema/request/root-reads.ts';
import { DeliveryScheduler } from '../../../src/core/subscriptions/scheduler.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';
import { ask, request } from '../../support/clients/clients.ts';
import { startServer } from '../../support/server/server.ts';

const PAGE = `query ($first: Int, $after: String, $filter: ItemFilter) {
  stream { cursor }
  items(first: $first, after: $after, filter: $filter) { edges { node { key value } } pageInfo { hasNextPage endCursor } cursor }
}`;

interface PageAnswer {
  readonly stream: { readonly cursor: string };
  readonly items: {
    readonly edges: readonly { readonly node: { readonly key: string; readonly value: number } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly cursor: string;
  };
}

async function insertAll(server: SeamlineServer, count: number, valueOf: (n: number) => unknown): Promise<void> {
  for (let from = 0; from < count; from += 1000)
    await server.map.insertMany(
      Array.from({ length: 1000 }, (_, n) => ({ key: `k${from + n}`, value: valueOf(from + n) })),
    );
}

describe('a map of 60,000 items', () => {
  let server: SeamlineServer;

  beforeAll(async () => {
    server = await createServer({ port: 0, drainTimeoutMs: 100 });
    await insertAll(server, 60_000, (n) => ({ n, isRare: n === 7 || n === 55_000 }));
    return () => server.drain();
  });

  it('the pages of a rare filter are short, and `endCursor` leads through all of them', async () => {
    const filter = { where: { path: '/isRare', eq: true } };
    const first = await ask<PageAnswer, object>(server, PAGE, { first: 100, filter });
    expect(first.items.edges).toMatchObject([{ node: { key: 'k7' } }]);
    expect(first.items.pageInfo).toEqual({ hasNextPage: true, endCursor: server.map.get('k49999')?.cursor });
    expect(first.items.cursor).toBe(first.stream.cursor);
    const after = first.items.pageInfo.endCursor;
    const second = await ask<PageAnswer, object>(server, PAGE, { first: 100, filter, after });
    expect(second.items.edges).toMatchObject([{ node: { key: 'k55000' } }]);
    expect(second.items.pageInfo).toEqual({ hasNextPage: false, endCursor: server.map.get('k55000')?.cursor });
  });

  it('a query whose root fields look at too many values together is refused', async () => {
    const root = 'items(first: 1, filter: { where: { path: "/n", lt: 0 } }) { cursor }';
    const queryOf = (count: number): string =>
      `{ ${Array.from({ length: count }, (_, n) => `p${n}: ${root}`).join(' ')} }`;
    expect(await request(server, queryOf(3))).not.toHaveProperty('errors');
    const { errors } = await request(server, queryOf(20));
    expect(errors?.[0]).toMatchObject({
      message: 'the query looks at too many values for its filters: divide its root fields among several queries',
      extensions: { code: 'PAYLOAD_TOO_LARGE' },
    });
  });
});

it('pages with a filter on values show one position, while items begin and cease to match', async () => {
  const server = await startServer({ maxItems: 30_000 });
  await insertAll(server, 20_000, () => ({ n: -1 }));
  /** Every write of a key that the filter may select, in order. */
  const writes: { readonly cursor: string; readonly key: string; readonly n: number }[] = [];
  let isOver = false;
  const write = async (): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const key = `k${(n * 7919) % 20_000}`;
      writes.push({ cursor: (await server.map.insert({ key, value: { n: n % 3 === 0 ? -1 : n } })).cursor, key, n });
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const writing = write();
  const filter = { where: { path: '/n', gte: 0 } };
  const answers: PageAnswer[] = [];
  for (let n = 0; n < 10; n++) answers.push(await ask<PageAnswer, object>(server, PAGE, { first: 1000, filter }));
  isOver = true;
  await writing;
  expect(new Set(answers.map(({ stream }) => stream.cursor)).size).toBeGreaterThan(5);
  for (const { stream, items } of answers) {
    const current = new Map<string, number>();
    for (const { key, n } of writes.filter(({ cursor }) => cursor <= stream.cursor)) {
      current.delete(key);
      if (n % 3 !== 0) current.set(key, n);
    }
    const expected = [...current].slice(0, 1000).map(([key, n]) => ({ node: { key, value: { n } } }));
    expect(items.edges).toEqual(expected);
    expect(items.cursor).toBe(stream.cursor);
  }
});

/** A scan that is complete after one look, until more looks are due. */
class CatchingUp implements Scan {
  due = 1;
  readonly slices: number[] = [];

  get isComplete(): boolean {
    return this.due === 0;
  }

  advance(max: number): number {
    const looks = Math.min(Math.max(0, max), this.due);
    if (looks > 0) this.slices.push(looks);
    this.due -= looks;
    return looks;
  }
}

it('the scans that catch up with the head share the looks of a slice', async () => {
  const reads = new RootReads({ scheduler: new DeliveryScheduler() });
  const scans = [new CatchingUp(), new CatchingUp(), new CatchingUp()] as const;
  let advances = 0;
  /** Complete in its second slice, when the others have news. */
  const slow: Scan = {
    get isComplete() {
      return advances > 1;
    },
    advance: () => {
      if (++advances === 2) for (const scan of scans) scan.due = 60_000;
      return 5000;
    },
  };
  const none = (): void => {};
  await Promise.all([...scans, slow].map((scan) => reads.scan(scan, () => 0, none)));
  expect(scans.map(({ slices }) => slices)).toEqual([
    [1, 60_000],
    [1, 40_000, 20_000],
    [1, 60_000],
  ]);
});
