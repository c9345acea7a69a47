/** A query that looks at many items reads them in slices, while others write and read, and shows one position all the same. */
import { expect, it } from 'vitest';
import { RootReads, type Scan } from '../../schema/request/root-reads.ts';
import { DeliveryScheduler } from '../../src/core/subscriptions/scheduler.ts';
import { post, resultOf } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';

const KEYS = Array.from({ length: 30 }, (_, n) => `zz${n}`);

interface Page {
  readonly cursor: string;
  readonly pageInfo: { readonly hasNextPage: boolean };
  readonly edges: readonly {
    readonly node: { readonly key: string; readonly value: number; readonly cursor: string };
  }[];
}

interface Answer {
  readonly stream: { readonly cursor: string };
  readonly item: { readonly cursor: string } | null;
  readonly some: Page;
  readonly all: Page;
  readonly none: Page;
}

const QUERY = `{
  stream { cursor }
  item(key: "zz1") { cursor }
  some: items(first: 3, filter: { keyPrefix: "zz" }) { ...P }
  all: items(first: 100, filter: { keyPrefix: "zz" }) { ...P }
  none: items(first: 1, filter: { keyPrefix: "no" }) { ...P }
}
fragment P on ItemConnection { cursor pageInfo { hasNextPage } edges { node { key value cursor } } }`;

it('all root fields of a query that is read in many slices show the state at one position, while items are written', async () => {
  const server = await startServer({ maxItems: 60_000 });
  const { map } = server;
  for (let batch = 0; batch < 50; batch++)
    await map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `k${batch}-${n}`, value: 0 })));
  /** Every write of a key that the query shows, in order. Cursors compare as strings. */
  const writes: { cursor: string; key: string; value: number | undefined }[] = [];
  let isOver = false;
  const write = async (): Promise<void> => {
    for (let value = 0; !isOver; value++) {
      const key = KEYS[(value * 7) % KEYS.length] ?? '';
      const removed = value % 5 === 4 && (await map.remove(key));
      if (removed) writes.push({ cursor: removed.cursor, key, value: undefined });
      else writes.push({ cursor: (await map.insert({ key, value })).cursor, key, value });
      await map.insert({ key: `k${value % 50}-${value % 1000}`, value });
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const writing = write();
  const answers: Answer[] = [];
  for (let n = 0; n < 15; n++) {
    const { data, errors } = await resultOf<Answer>(await post(server, { query: QUERY }));
    expect(errors).toBeUndefined();
    if (data) answers.push(data);
  }
  isOver = true;
  await writing;
  // Queries went on while items were written.
  expect(new Set(answers.map(({ stream }) => stream.cursor)).size).toBeGreaterThan(5);
  for (const { stream, item, some, all, none } of answers) {
    const current = new Map<string, { cursor: string; value: number }>();
    for (const { cursor, key, value } of writes.filter((each) => each.cursor <= stream.cursor))
      if (value === undefined) current.delete(key);
      else current.set(key, { cursor, value });
    const expected = [...current]
      .map(([key, { cursor, value }]) => ({ node: { key, value, cursor } }))
      .toSorted((a, b) => (a.node.cursor < b.node.cursor ? -1 : 1));
    expect(all).toEqual({ cursor: stream.cursor, pageInfo: { hasNextPage: false }, edges: expected });
    const hasNextPage = expected.length > 3;
    expect(some).toEqual({ cursor: stream.cursor, pageInfo: { hasNextPage }, edges: expected.slice(0, 3) });
    expect(none).toEqual({ cursor: stream.cursor, pageInfo: { hasNextPage: false }, edges: [] });
    expect(item?.cursor).toBe(current.get('zz1')?.cursor);
  }
});

/** A scan of so many items, which records its slices. */
class Items implements Scan {
  readonly slices: number[] = [];
  #remaining: number;

  constructor(count: number) {
    this.#remaining = count;
  }

  get isComplete(): boolean {
    return this.#remaining === 0;
  }

  advance(max: number): number {
    const looks = Math.min(max, this.#remaining);
    if (looks > 0) this.slices.push(looks);
    this.#remaining -= looks;
    return looks;
  }
}

it('the scans of one query look at 4,096 items in a slice together, and other work runs between slices', async () => {
  const scheduler = new DeliveryScheduler();
  const reads = new RootReads({ scheduler });
  const [one, two] = [new Items(10_000), new Items(3000)];
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  let looks = 0;
  const spend = (count_: number): void => void (looks += count_);
  const both = Promise.all([reads.scan(one, () => turns, spend), reads.scan(two, () => turns, spend)]);
  setImmediate(count);
  const [first, second] = await both;
  isDone = true;
  expect(one.slices).toEqual([4096, 4096, 1808]);
  expect(two.slices).toEqual([2288, 712]);
  expect(looks).toBe(13_000);
  // They have run in one block.
  expect(first).toBe(second);
});

it('the reads of a query run before a promise that is due when its last scan is complete, which may move the head', async () => {
  let head = 0;
  const items = new Items(10_000);
  /** Moves the head as soon as anything else may run. */
  const scan: Scan = {
    get isComplete() {
      return items.isComplete;
    },
    advance(max) {
      queueMicrotask(() => void head++);
      return items.advance(max);
    },
  };
  const headsAtEnd: number[] = [];
  const spend = (): void => void (items.isComplete && headsAtEnd.push(head));
  const reads = new RootReads({ scheduler: new DeliveryScheduler() });
  const read = await reads.scan(scan, () => head, spend);
  expect(read).toBe(headsAtEnd.at(-1));
});

it('a hundred queries that look at many items do not keep a small one waiting', async () => {
  const scheduler = new DeliveryScheduler();
  const large = Array.from({ length: 100 }, () => {
    const reads = new RootReads({ scheduler });
    return reads.scan(
      new Items(1_000_000),
      () => 'large',
      () => {},
    );
  });
  const small = new RootReads({ scheduler }).scan(
    new Items(1000),
    () => 'small',
    () => {},
  );
  expect(await Promise.race([...large, small])).toBe('small');
  await Promise.all(large);
});

it('a query whose client has left looks at no more items', async () => {
  const client = new AbortController();
  const reads = new RootReads({ scheduler: new DeliveryScheduler(), signal: client.signal });
  const items = new Items(Infinity);
  const read = reads.scan(
    items,
    () => 'read',
    () => {},
  );
  setImmediate(() => client.abort());
  await expect(read).rejects.toThrow('the client has left before the answer');
  expect(items.isComplete).toBe(false);
});

it('a scan that may not go on fails alone, with its own error', async () => {
  const reads = new RootReads({ scheduler: new DeliveryScheduler() });
  const spend = (): void => {
    throw new Error('too many');
  };
  const [failed, other, plain] = await Promise.allSettled([
    reads.scan(new Items(10), () => 'scan', spend),
    reads.scan(
      new Items(10_000),
      () => 'scan',
      () => {},
    ),
    reads.read(() => 'read'),
  ]);
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'too many' } });
  expect([other, plain]).toMatchObject([{ value: 'scan' }, { value: 'read' }]);
});
