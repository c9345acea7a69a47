/** What clients see when a node's log has lost its newest part, is another one, or only broke off. */
import { describe, expect, it, vi } from 'vitest';
import { ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { FaultyEngine } from '../support/model/faulty-engine.ts';
import { type Reader, type Wire, wires } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { subscribed } from '../support/model/twins.ts';

interface Message {
  readonly reset: boolean;
  readonly upserted: readonly { readonly key: string }[];
  readonly removed: readonly { readonly key: string }[];
  readonly caughtUp: boolean;
  readonly size: number | null;
  readonly checksum: string | null;
}

const ITEMS = String(ItemsDocument);
const CHANGES = String(ItemChangesDocument);

const insert = async (server: SeamlineServer, ...keys: string[]): Promise<void> => {
  for (const key of keys) await server.map.insert({ key, value: key });
};
const keysOf = (reader: Reader): string[] =>
  reader.results.flatMap(({ data }) => (data ? [(Object.values(data)[0] as { key: string }).key] : []));
const codesOf = (reader: Reader): unknown[] =>
  reader.results.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions?.['code']));

const isReady = (server: SeamlineServer): Promise<void> =>
  vi.waitFor(() => expect(server.map.health()).toEqual({ ok: true }), { timeout: 20_000, interval: 5 });

/** A mirror, as the messages make it. */
function mirrored(reader: Reader): string[] {
  const keys = new Set<string>();
  for (const { reset, upserted, removed } of reader.delivered<Message>()) {
    if (reset) keys.clear();
    for (const { key } of removed) keys.delete(key);
    for (const { key } of upserted) keys.add(key);
  }
  return [...keys].sort();
}

const ways = wires.flatMap((wire) => [
  { name: `${wire.name}, with the fan-out`, wire, fanOut: true },
  { name: `${wire.name}, without it`, wire, fanOut: false },
]);

/** A node that has seen `keys`, with one subscription of each kind that has them all. */
async function watched(
  { wire, fanOut }: { wire: Wire; fanOut: boolean },
  ...keys: string[]
): Promise<{ engine: FaultyEngine; server: SeamlineServer; items: Reader; changes: Reader }> {
  const engine = new FaultyEngine();
  const server = await startServer({ log: engine.connect(), fanOut });
  const items = wire.read(server, { query: ITEMS });
  const changes = wire.read(server, { query: CHANGES });
  await subscribed(server, 2);
  await insert(server, ...keys);
  await items.reaches(keys.length);
  await changes.until(() => mirrored(changes).length === keys.length);
  return { engine, server, items, changes };
}

describe.each(ways)('$name', (way) => {
  it('subscriptions go on when nothing was lost, and nothing comes twice (G2, G4)', async () => {
    const { engine, server, items, changes } = await watched(way, 'a', 'b');
    const { replica } = server.map;
    engine.break('no connection');
    await isReady(server);
    expect(server.map.replica).not.toBe(replica);
    await insert(server, 'c');
    await items.reaches(3);
    await changes.until(() => mirrored(changes).length === 3);
    expect(keysOf(items)).toEqual(['a', 'b', 'c']);
    expect(changes.delivered<Message>().filter(({ reset }) => reset)).toHaveLength(1);
  });

  it('what stands on what was lost ends as an expired cursor does, and mirrors start over (G4, G6)', async () => {
    const { engine, server, items, changes } = await watched(way, 'a', 'b', 'c');
    engine.lose(2);
    await items.ends();
    expect(codesOf(items)).toEqual(['CURSOR_EXPIRED']);
    await changes.until(() => mirrored(changes).join() === 'a');
    await insert(server, 'd');
    await changes.until(() => mirrored(changes).join() === 'a,d');
    const last = changes.delivered<Message>().at(-1);
    expect(last).toMatchObject({ caughtUp: true, size: 2, checksum: server.map.replica.items.checksum });
    expect(changes.delivered<Message>().filter(({ reset }) => reset)).toHaveLength(2);
    expect(server.map.counters.resets).toBe(1);
  });

  it('the same with another log in its place, also an empty one (G4, G6)', async () => {
    const { engine, server, items, changes } = await watched(way, 'a');
    const { epoch } = server.map.replica;
    engine.recreate();
    await items.ends();
    expect(codesOf(items)).toEqual(['CURSOR_EXPIRED']);
    await changes.until(() => mirrored(changes).length === 0);
    expect(server.map.replica.epoch).not.toBe(epoch);
    await insert(server, 'b');
    await changes.until(() => mirrored(changes).join() === 'b');
  });

  it('who has got no item yet gets the first one of the other log', async () => {
    const { engine, server, items, changes } = await watched(way);
    await changes.reaches(1);
    engine.recreate();
    // With the cursor of the log that is there now.
    await changes.reaches(2);
    expect(changes.delivered<Message>()[1]).toMatchObject({ reset: true, caughtUp: true });
    await insert(server, 'b');
    await items.reaches(1);
    await changes.until(() => mirrored(changes).join() === 'b');
    expect(keysOf(items)).toEqual(['b']);
  });
});
