/** Two nodes share two collections by a real engine. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished, vi } from 'vitest';
import { overWebSocket, request } from '../../support/clients/clients.ts';
import { describeWithNats, NatsServer } from '../../support/engines/nats.ts';
import { describeWithPostgres } from '../../support/engines/postgres.ts';
import { describeWithRedis } from '../../support/engines/redis.ts';
import { all, NodeProcess } from '../../support/processes/node-processes.ts';
import { INSERT_ORDER, INSERT_QUOTE, schemaFile } from '../../support/server/collections.ts';
import { networkTo } from '../../support/sockets/proxy.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 120_000 });

interface Engine {
  readonly url: string;
  flags(url?: string): readonly string[];
  kill(): Promise<void>;
  start(): Promise<void>;
}

const QUOTES = 'subscription { quotes { symbol price cursor } }';
const ORDERS = 'subscription { orders { number cursor } }';
const STATUS = '{ quoteStream { cursor size checksum engine } orderStream { cursor size checksum engine } }';

const flagsOf = (): readonly string[] => ['--schema', schemaFile(), '--stream', 'shared'];

async function insertQuote(node: NodeProcess, symbol: string): Promise<void> {
  expect(await request(node, INSERT_QUOTE, { input: { symbol, price: 1 } })).toMatchObject({
    data: { insertQuote: { symbol } },
  });
}

async function insertOrder(node: NodeProcess, number: number): Promise<void> {
  expect(await request(node, INSERT_ORDER, { input: { number } })).toMatchObject({ data: { insertOrder: { number } } });
}

async function sharesBoth(engine: Engine): Promise<void> {
  const flags = flagsOf();
  const one = await NodeProcess.start(engine.flags(), flags);
  const two = await NodeProcess.start(engine.flags(), flags);
  const [quotes, orders] = [overWebSocket.subscribe(two, QUOTES), overWebSocket.subscribe(one, ORDERS)];
  await insertQuote(one, 'A');
  await insertOrder(two, 7);
  expect(await quotes.next()).toMatchObject({ data: { quotes: { symbol: 'A', price: 1 } } });
  expect(await orders.next()).toMatchObject({ data: { orders: { number: 7 } } });
  const before = await request(one, STATUS);
  expect(before).toMatchObject({ data: { quoteStream: { size: 1 }, orderStream: { size: 1 } } });
  expect(await request(two, STATUS)).toEqual(before);
  await Promise.all([one.kill(), two.drain()]);
  await one.start();
  expect(await request(one, STATUS)).toEqual(before);
  await insertQuote(one, 'B');
}

/** Resolves once `/ready` is 503 with a reason for each of the collections. */
async function namesBoth(node: NodeProcess): Promise<void> {
  const reason = async (): Promise<string> => (await fetch(new URL('/ready', node.url))).text();
  await expect.poll(reason, { timeout: 60_000 }).toMatch(/quotes: .*; orders: /);
}

async function survivesAnOutage(engine: Engine): Promise<void> {
  const network = await networkTo(engine.url);
  const node = await NodeProcess.start(engine.flags(network.url), [...flagsOf(), '--engine-timeout', '2']);
  await insertQuote(node, 'A');
  network.cut();
  await namesBoth(node);
  const refused = await request(node, INSERT_ORDER, { input: { number: 1 } });
  expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(refused.errors?.[0]?.extensions['code']);
  expect(await request(node, '{ quote(symbol: "A") { price } }')).toEqual({ data: { quote: { price: 1 } } });
  network.mend();
  await all([node], 'ready');
  await insertOrder(node, 2);
  await engine.kill();
  await namesBoth(node);
  await engine.start();
  await all([node], 'ready');
  await insertQuote(node, 'C');
}

async function startNats(): Promise<NatsServer> {
  const server = await NatsServer.start();
  onTestFinished(() => server.stop());
  return server;
}

describeWithNats('two collections on NATS', () => {
  it('two nodes share both collections, each in a stream of its own, through a restart', async () => {
    const server = await startNats();
    await sharesBoth(server);
    const connection = await connect({ servers: server.url });
    try {
      const names: string[] = [];
      for await (const { config } of (await jetstreamManager(connection)).streams.list()) names.push(config.name);
      expect(names.filter((name) => !name.startsWith('OBJ_')).toSorted()).toEqual(['shared-orders', 'shared-quotes']);
    } finally {
      await connection.close();
    }
  });

  it('readiness names the collections while the engine is away, and both continue after it', async () => {
    await survivesAnOutage(await startNats());
  });

  it('a node that loses the stream of one collection names only that one, and the other one takes insertions', async () => {
    const server = await startNats();
    const node = await NodeProcess.start(server.flags(), flagsOf());
    await insertQuote(node, 'A');
    const connection = await connect({ servers: server.url });
    onTestFinished(() => connection.close());
    await (await jetstreamManager(connection)).streams.delete('shared-quotes');
    const reason = async (): Promise<string> => (await fetch(new URL('/ready', node.url))).text();
    await expect.poll(reason, { timeout: 60_000 }).toMatch(/quotes: /);
    expect(await reason()).not.toContain('orders');
    await insertOrder(node, 1);
  });
});

describeWithRedis('two collections on Redis', (start) => {
  it('two nodes share both collections, each under keys of its own, through a restart', async () => {
    const server = await start();
    await sharesBoth(server);
    const keys = await server.client().keys('*:commands');
    expect(keys.toSorted()).toEqual(['{shared-orders}:commands', '{shared-quotes}:commands']);
  });

  it('readiness names the collections while the engine is away, and both continue after it', async () => {
    await survivesAnOutage(await start());
  });
});

describeWithPostgres('two collections on PostgreSQL', (start) => {
  it('two nodes share both collections, each in a log of its own, which a transaction of SQL may change together', async () => {
    const server = await start();
    await sharesBoth(server);
    const logs = await server.rows('select name from seamline.streams order by name');
    expect(logs).toEqual([{ name: 'shared-orders' }, { name: 'shared-quotes' }]);

    const nodes = await Promise.all([1, 2].map(() => NodeProcess.start(server.flags(), flagsOf())));
    const feeds = nodes.map((node) => [overWebSocket.subscribe(node, QUOTES), overWebSocket.subscribe(node, ORDERS)]);
    const client = await server.client();
    for (const end of ['rollback', 'commit']) {
      await client.query('begin');
      await client.query("select seamline.insert('shared-quotes', $1, $2)", [end, { symbol: end, price: 2 }]);
      await client.query("select seamline.insert('shared-orders', $1, $2)", [
        end === 'commit' ? 8 : 9,
        { number: end === 'commit' ? 8 : 9 },
      ]);
      await client.query(end);
    }
    for (const [quotes, orders] of feeds) {
      const seen = (await quotes?.take(3))?.map(({ data }) => data);
      expect(seen).toMatchObject([
        { quotes: { symbol: 'A' } },
        { quotes: { symbol: 'B' } },
        { quotes: { symbol: 'commit' } },
      ]);
      expect((await orders?.take(2))?.map(({ data }) => data)).toMatchObject([
        { orders: { number: 7 } },
        { orders: { number: 8 } },
      ]);
    }
  });

  it('readiness names the collections while the engine is away, and both continue after it', async () => {
    await survivesAnOutage(await start());
  });
});
