import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { Selections } from '../../src/fanout/selection/selections.ts';
import { isShared } from '../../src/fanout/selection/sharing.ts';
import { operationStorage } from '../../src/transports/operations/user-operation.ts';
import { wires } from '../support/clients/readers.ts';
import { createQuotes, quoteSchema } from '../support/server/quotes.ts';
import { startServer } from '../support/server/server.ts';
import { subscribed } from '../support/model/twins.ts';

interface Item {
  readonly key: string;
  readonly cursor: string;
}

const CURSORS = { cursors: true };

describe.each(wires)('over $name those who share what is rendered', (wire) => {
  it('each sharing subscriber gets what it asked for: cursors or none, its own remaining limit', async () => {
    const server = await startServer();
    const keys = Array.from({ length: 300 }, (_, n) => `ключ ${n}`);
    await server.map.insertMany(keys.map((key) => ({ key, value: 1 })));
    const query = 'subscription { items { key cursor } }';
    const terms: readonly { cursors?: boolean; left?: boolean; limit?: number }[] = [
      {},
      CURSORS,
      { ...CURSORS, left: true },
      { limit: 501 },
      { limit: 502 },
      { ...CURSORS, limit: 503 },
      { ...CURSORS, limit: 504 },
      { ...CURSORS, left: true, limit: 505 },
      { ...CURSORS, left: true, limit: 506 },
      { left: true, limit: 507 },
    ];
    // In either order: the first one makes what the others share.
    for (const asked of [terms, [...terms].reverse()]) {
      const readers = asked.map((extensions) => wire.read(server, { query, extensions }));
      await subscribed(server, terms.length);
      for (const reader of readers) await reader.reaches(300);
      await server.map.insertMany(keys.slice(0, 200).map((key) => ({ key, value: 2 })));
      await server.map.insertMany(keys.slice(200).map((key) => ({ key, value: 2 })));
      for (const [n, reader] of readers.entries()) {
        const { cursors, left, limit } = asked[n] ?? {};
        const count = Math.min(600, limit ?? 600);
        await reader.reaches(count);
        const items = reader.delivered<Item>();
        expect(items.map(({ key }) => key)).toEqual([...keys, ...keys].slice(0, count));
        const rest = (at: number): number => (limit ?? 0) - at - 1;
        expect(reader.results.map(({ extensions }) => extensions)).toEqual(
          items.map(({ cursor }, at) =>
            cursors ? { cursor, ...(left && limit !== undefined && { left: rest(at) }) } : undefined,
          ),
        );
        if (wire.name === 'SSE')
          expect(reader.ids).toEqual(
            items.map(({ cursor }, at) => (limit === undefined ? cursor : `${cursor}.${rest(at)}`)),
          );
        reader.leave();
      }
      await subscribed(server, 0);
    }
  });

  it('sharing subscribers at different positions get their own results: in a snapshot, resumed in it, after it, in a lag (G1, G4)', async () => {
    const server = await startServer({ window: 300 });
    const keys = Array.from({ length: 1000 }, (_, n) => `k${n}`);
    const items = await server.map.insertMany(keys.map((key) => ({ key, value: 1 })));
    await server.map.insertMany(keys.slice(0, 500).map((key) => ({ key, value: 2 })));
    const query = 'subscription ($after: String) { items(after: $after) { key cursor } }';
    const current = [...keys.slice(500), ...keys.slice(0, 500)];
    const cursorOf = (n: number): string => items[n]?.cursor ?? '';
    const head = server.map.get('k499')?.cursor ?? '';
    const inWindow = server.map.get('k399')?.cursor ?? '';
    const opened = [
      { after: undefined, due: current },
      { after: cursorOf(0), due: current },
      { after: cursorOf(600), due: current.slice(101) },
      { after: cursorOf(999), due: current.slice(500) },
      { after: inWindow, due: keys.slice(400, 500) },
      { after: head, due: [] },
      { after: undefined, due: current },
    ].map(({ after, due }) => ({ reader: wire.read(server, { query, variables: { after } }), due }));
    await subscribed(server, opened.length);
    await server.map.insert({ key: 'new', value: 1 });
    for (const { reader, due } of opened) {
      await reader.until(() => reader.delivered<Item>().at(-1)?.key === 'new');
      expect(reader.delivered<Item>().map(({ key }) => key)).toEqual([...due, 'new']);
    }
  });

  it('mirrors that join at different times get the same map, each reset once (G6)', async () => {
    const server = await startServer();
    await server.map.insertMany(Array.from({ length: 400 }, (_, n) => ({ key: `k${n}`, value: n })));
    const query =
      'subscription { itemChanges { reset caughtUp size checksum cursor upserted { key } removed { key } } }';
    const readers = [wire.read(server, { query }), wire.read(server, { query })];
    for (const reader of readers) await reader.reaches(1);
    await server.map.remove('k0');
    readers.push(wire.read(server, { query }));
    await subscribed(server, 3);
    await server.map.insert({ key: 'last', value: 1 });
    for (const reader of readers) {
      await reader.until(() => JSON.stringify(reader.results.at(-1)).includes('"last"'));
      const held = new Set<string>();
      const messages = reader.delivered<{ reset: boolean; upserted: Item[]; removed: Item[]; size: number | null }>();
      for (const { upserted, removed, size } of messages) {
        for (const { key } of upserted) held.add(key);
        for (const { key } of removed) held.delete(key);
        if (size !== null) expect(held.size).toBe(size);
      }
      expect(messages.map(({ reset }) => reset)).toEqual(messages.map((_, n) => n === 0));
      expect(held.size).toBe(400);
    }
  });
});

it('a result that graphql-js makes for the fan-out leaves the operation alone in whose asynchronous context it is made', async () => {
  const map = await createQuotes();
  const schema = quoteSchema(map);
  const item = await map.insert({ value: { symbol: 'a', price: 1 } });
  const document = parse('subscription { quotes(limit: 2) { symbol } }');
  const render = new Selections(schema, JSON.stringify, isShared).render({ document });
  const delivery = { cursor: 'own', remaining: 2 };
  const operation = { ask: () => ({ delivery }) };
  // The symbol is no text, which the compiled selection leaves to graphql-js.
  const unfit = Object.create(item, { value: { value: { price: 1 } } }) as typeof item;
  const text = operationStorage().run(operation, () => render(unfit));
  expect(text).toContain('Cannot return null for non-nullable field Quote.symbol.');
  expect(delivery).toEqual({ cursor: 'own', remaining: 2 });
});
