/** Each collection of an SDL file has a map and a log of its own. */
import { describe, expect, it, vi } from 'vitest';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { createServer } from '../../../src/server/server.ts';
import { urlOf } from '../../support/clients/requests.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { mapOf, schemaFile, startCollections } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const quote = (symbol: string, price = 1) => ({ key: symbol, value: { symbol, price } });

/** Log functions that remember the logs. */
function newLogs() {
  const logs = new Map<string, HeldLog>();
  const log = (collection: string): OrderedLog => {
    const held = new HeldLog(memoryLog());
    logs.set(collection, held);
    return held;
  };
  return { logs, log };
}

describe('the maps of a server', () => {
  it('a server with a schema has a map for each collection, in the order of the file', async () => {
    const server = await startCollections();
    expect([...server.maps.keys()]).toEqual(['quotes', 'orders']);
    expect(server.map).toBe(mapOf(server, 'quotes'));
    await server.map.insert(quote('IBM'));
    expect(mapOf(server, 'orders').replica.items.size).toBe(0);
  });

  it('a server without a schema has one map, items', async () => {
    const server = await startServer();
    expect([...server.maps]).toEqual([['items', server.map]]);
  });

  it('the bounds of @collection come before those of the options, and the options fill the gaps', async () => {
    const file = schemaFile(`
      type Quote @collection(key: "symbol", maxItems: 3, window: 7, ttl: 50) { symbol: ID! }
      type Order @collection(key: "number", maxBytes: 900) { number: Int! }`);
    const server = await startServer({ schema: file, maxItems: 5, maxBytes: 800, window: 6, ttl: 40 });
    expect(mapOf(server, 'quotes').replica.bounds).toMatchObject({ maxItems: 3, maxBytes: 800, window: 7 });
    expect(mapOf(server, 'orders').replica.bounds).toMatchObject({ maxItems: 5, maxBytes: 900, window: 6 });
    expect(['quotes', 'orders'].map((plural) => mapOf(server, plural).limits.ttl)).toEqual([50, 40]);
  });

  it('a server that drains closes all maps', async () => {
    const { logs, log } = newLogs();
    const server = await startCollections({ log });
    const closed = [...logs.values()].map((each) => vi.spyOn(each, 'close'));
    await server.drain();
    expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it('all maps of a server share their turns of deliveries', async () => {
    const server = await startCollections();
    expect(mapOf(server, 'quotes').source.scheduler).toBe(mapOf(server, 'orders').source.scheduler);
  });
});

describe('the option log of a server with collections', () => {
  it('a function gets the plural name of each collection', async () => {
    const { logs, log } = newLogs();
    await startCollections({ log });
    expect([...logs.keys()]).toEqual(['quotes', 'orders']);
  });

  it('a function gets the name items on a server without a schema', async () => {
    const { logs, log } = newLogs();
    await startServer({ log });
    expect([...logs.keys()]).toEqual(['items']);
  });

  it('one log for two collections is refused, and one log for one collection is not', async () => {
    const starting = createServer({ port: 0, schema: schemaFile(), log: memoryLog() });
    await expect(starting).rejects.toThrow(RangeError);
    await expect(starting).rejects.toThrow(
      'log must be a function that makes a log, because the schema has 2 collections',
    );
    const one = schemaFile('type Quote @collection(key: "symbol") { symbol: ID! }');
    expect((await startServer({ schema: one, log: memoryLog() })).map.engine).toBe('memory');
  });

  it('a log that does not open ends the start, and the other logs are closed', async () => {
    const { logs, log } = newLogs();
    const failing = (collection: string): OrderedLog => {
      const made = log(collection);
      vi.spyOn(made, 'close');
      if (collection === 'orders') made.open = () => Promise.reject(new Error('orders are away'));
      return made;
    };
    await expect(createServer({ port: 0, schema: schemaFile(), log: failing })).rejects.toThrow('orders are away');
    expect(logs.size).toBe(2);
    for (const { close } of logs.values()) expect(close).toHaveBeenCalledOnce();
  });
});

describe('a schema file', () => {
  it('a file that is missing is refused with its name', async () => {
    const starting = createServer({ port: 0, schema: '/nowhere/schema.graphql' });
    await expect(starting).rejects.toThrow(RangeError);
    await expect(starting).rejects.toThrow(
      'schema must name an SDL file that can be read, not "/nowhere/schema.graphql" (ENOENT)',
    );
    await expect(createServer({ port: 0, schema: '' })).rejects.toThrow('schema must name an SDL file');
  });

  it('a mistake in the file rejects with its line', async () => {
    const file = schemaFile('type Quote @collection(key: "symbol") {\n  symbol: ID\n}');
    await expect(createServer({ port: 0, schema: file })).rejects.toThrow(`${file}:`);
  });
});

describe('readiness, log lines and metrics of collections', () => {
  it('a server is ready when all engines are, and else the reason names the collection', async () => {
    const { logs, log } = newLogs();
    const lines = logLines();
    const server = await startCollections({ log, logger: lines.logger });
    expect((await fetch(urlOf(server, '/ready'))).status).toBe(200);
    const orders = logs.get('orders');
    if (orders) orders.health = () => ({ ok: false, reason: 'no answer' });
    const response = await fetch(urlOf(server, '/ready'));
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('orders: no answer\n');
    expect(await lines.said('not ready: no answer')).toMatchObject({ collection: 'orders', engine: 'held' });
  });

  it('the line that says ready tells the position and the items of each collection', async () => {
    const { logger, saying } = logLines();
    await startCollections({ logger });
    const empty = { position: 0, items: 0 };
    expect(saying('ready')).toMatchObject([{ engine: 'memory', collections: { quotes: empty, orders: empty } }]);
  });

  it('each metric of a map has a label for the collection', async () => {
    const server = await startCollections();
    await server.map.insert(quote('IBM'));
    const text = await (await fetch(urlOf(server, '/metrics'))).text();
    for (const name of ['items', 'inserts_total', 'head_position'])
      for (const [collection, value] of Object.entries({ quotes: 1, orders: 0 }))
        expect(text).toContain(`\nseamline_${name}{collection="${collection}"} ${value}\n`);
    expect(text).not.toMatch(/^seamline_(items|items_bytes|window_bytes|evictions_total) /m);
    expect(text).toMatch(
      /^seamline_append_duration_seconds_count\{engine="memory",outcome="ok",collection="quotes"\} /m,
    );
    expect(text).toMatch(/^seamline_subscriptions\{transport="sse"\} 0$/m);
  });

  it('no metric of a server without a schema has a label for the collection', async () => {
    const text = await (await fetch(urlOf(await startServer(), '/metrics'))).text();
    expect(text).toMatch(/^seamline_items 0$/m);
    expect(text).not.toContain('collection=');
  });
});
