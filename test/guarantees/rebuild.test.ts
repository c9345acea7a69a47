/** Clients of a node whose log has lost its newest entries, was replaced, or only broke. */
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

/** The mirror that the messages make. */
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

/** A node that has applied `keys`, with one subscription of each kind that has received them all. */
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
  it('G2 and G4 subscriptions continue when the log has lost nothing, and no position comes twice', async () => {
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

  it('G4 and G6 subscriptions on lost changes end with CURSOR_EXPIRED, and mirrors start over', async () => {
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

  it('G4 and G6 subscriptions end with CURSOR_EXPIRED, and mirrors start over, when another log replaces the log', async () => {
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

  it('G1 a subscription that has received nothing gets the first item of the new log', async () => {
    const { engine, server, items, changes } = await watched(way);
    await changes.reaches(1);
    engine.recreate();
    // The cursor belongs to the new log.
    await changes.reaches(2);
    expect(changes.delivered<Message>()[1]).toMatchObject({ reset: true, caughtUp: true });
    await insert(server, 'b');
    await items.reaches(1);
    await changes.until(() => mirrored(changes).join() === 'b');
    expect(keysOf(items)).toEqual(['b']);
  });
});
