/** Collections that are kept in a directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { mapOf, newFolder, schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const quote = (symbol: string, price: unknown = 1) => ({ key: symbol, value: { symbol, price } });
const order = (number: number) => ({ key: String(number), value: { number } });

/** Runs a server on the directory, and ends it. */
async function run(options: ServerOptions, work: (server: SeamlineServer) => Promise<unknown>): Promise<void> {
  const server = await createServer({ port: 0, drainTimeoutMs: 100, ...options });
  try {
    await work(server);
  } finally {
    await server.drain();
  }
}

const ONLY_QUOTES = 'type Quote @collection(key: "symbol") { symbol: ID! price: Float! }';

describe('collections in a directory', () => {
  it('each collection has a subdirectory, and survives a restart', async () => {
    const options = { data: newFolder(), schema: schemaFile() };
    let cursor = '';
    await run(options, async (server) => {
      await mapOf(server, 'quotes').insert(quote('IBM', 7));
      ({ cursor } = await mapOf(server, 'orders').insert(order(12)));
    });
    expect(['quotes', 'orders'].map((name) => existsSync(join(options.data, name, 'lock')))).toEqual([true, true]);
    const server = await startServer(options);
    expect(mapOf(server, 'quotes').get('IBM')?.value).toEqual({ symbol: 'IBM', price: 7 });
    expect(mapOf(server, 'orders').get('12')?.cursor).toBe(cursor);
  });

  it('the progress of loading rises over all collections, and is 1 only at the end', async () => {
    const options = { data: newFolder(), schema: schemaFile() };
    await run(options, async (server) => {
      await mapOf(server, 'quotes').insertMany(Array.from({ length: 50 }, (_, n) => quote(`q${n}`)));
      await mapOf(server, 'orders').insertMany(Array.from({ length: 50 }, (_, n) => order(n)));
    });
    const shares: number[] = [];
    await startServer({ ...options, onLoading: (share) => shares.push(share) });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.filter((share) => share === 1)).toHaveLength(1);
    expect(shares.at(-1)).toBe(1);
    expect(shares.length).toBeGreaterThan(2);
  });

  it('the log of a collection that is no longer in the file is left alone, and a warning names it', async () => {
    const data = newFolder();
    await run({ data, schema: schemaFile() }, (server) => mapOf(server, 'orders').insert(order(1)));
    const { logger, saying } = logLines();
    await run({ data, schema: schemaFile(ONLY_QUOTES), logger }, async ({ maps }) => {
      expect([...maps.keys()]).toEqual(['quotes']);
    });
    const line = `${join(data, 'orders')} holds items of "orders", which is no collection of the schema: they are left alone`;
    expect(saying(line)).toMatchObject([{ level: 'warn', directory: data }]);
    await run({ data, schema: schemaFile() }, async (server) =>
      expect(mapOf(server, 'orders').get('1')?.value).toEqual({ number: 1 }),
    );
  });

  it('a directory of items is left alone when a schema is given, and collections are when none is', async () => {
    const data = newFolder();
    const log = logLines();
    const { logger } = log;
    const warnings = (): unknown[] => log.lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    await run({ data, logger }, ({ map }) => map.insert({ key: 'a', value: 1 }));
    await run({ data, schema: schemaFile(ONLY_QUOTES), logger }, ({ map }) => map.insert(quote('IBM')));
    await run({ data, logger }, async ({ map }) => expect(map.get('a')?.value).toBe(1));
    expect(warnings()).toEqual([
      `${data} holds items of a server without a schema: they are left alone`,
      `${join(data, 'quotes')} holds items of "quotes", and no schema is given: they are left alone`,
    ]);
  });
});

describe('stored items and the type of their collection', () => {
  it('items that do not fit the type end the start with their number and an example', async () => {
    const data = newFolder();
    await run({ data, schema: schemaFile(ONLY_QUOTES) }, ({ map }) =>
      map.insertMany([quote('IBM'), quote('SAP', 'much'), quote('BMW', 'little'), quote('VOW')]),
    );
    const starting = createServer({ port: 0, data, schema: schemaFile(ONLY_QUOTES) });
    await expect(starting).rejects.toThrow(
      /^2 of 4 items in quotes do not fit the type Quote, such as the one with key "SAP": price: must be a Float, got "much"; /,
    );
    await expect(starting).rejects.not.toThrow(RangeError);
    // The log was closed.
    await run({ data: join(data, 'quotes') }, async ({ map }) => expect(map.replica.items.size).toBe(4));
  });

  it('a collection with another key field ends the start', async () => {
    const data = newFolder();
    const file = (key: string): string => schemaFile(`type Quote @collection(key: "${key}") { symbol: ID! isin: ID! }`);
    await run({ data, schema: file('symbol') }, ({ map }) =>
      map.insert({ key: 'IBM', value: { symbol: 'IBM', isin: 'US459' } }),
    );
    await expect(createServer({ port: 0, data, schema: file('isin') })).rejects.toThrow(
      '1 of 1 item in quotes does not fit the type Quote: the one with key "IBM": isin: must equal the key',
    );
  });

  it('a new nullable field fits what is stored', async () => {
    const data = newFolder();
    await run({ data, schema: schemaFile(ONLY_QUOTES) }, ({ map }) => map.insert(quote('IBM')));
    const wider = schemaFile('type Quote @collection(key: "symbol") { symbol: ID! price: Float! venue: String }');
    await run({ data, schema: wider }, async ({ map }) => expect(map.replica.items.size).toBe(1));
  });
});
