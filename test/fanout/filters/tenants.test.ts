/** A token's prefix and a filter both hold, whether the filter's prefix overlaps the token's, is longer, shorter, equal or disjoint. */
import { expect, it } from 'vitest';
import { type Reader, sse, webSocket } from '../../support/clients/readers.ts';
import { subscribed } from '../../support/model/twins.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, SECRET, sign } from '../../support/server/tokens.ts';

const TENANTS = ['', 'a', 'a/', 'a/1', 'a/1/', 'b/', 'λ'] as const;
const FILTERS: readonly { readonly keys?: readonly string[]; readonly keyPrefix?: string }[] = [
  {},
  { keyPrefix: '' },
  { keyPrefix: 'a' },
  { keyPrefix: 'a/' },
  { keyPrefix: 'a/1' },
  { keyPrefix: 'a/1/x' },
  { keyPrefix: 'b' },
  { keyPrefix: 'λ1' },
  { keys: ['a/1/x', 'b/1', 'λ1', 'absent'] },
  { keys: ['a/1', 'a/1/', 'b/1'], keyPrefix: 'a/1' },
  { keys: [] },
];
const KEYS = ['a', 'ab', 'a/', 'a/1', 'a/12', 'a/1/', 'a/1/x', 'a/1/xy', 'a/2', 'b', 'b/', 'b/1', 'c', 'λ', 'λ1'];

const ITEMS = 'subscription ($filter: ItemFilter) { items(filter: $filter) { key value } }';
const CHANGES = `subscription ($filter: ItemFilter) { itemChanges(filter: $filter) {
  reset caughtUp upserted { key value } removed { key } } }`;

interface Changes {
  readonly reset: boolean;
  readonly upserted: readonly { readonly key: string; readonly value: string }[];
  readonly removed: readonly { readonly key: string }[];
}

interface Client {
  readonly tenant: string;
  readonly sees: (key: string) => boolean;
  readonly items: Reader;
  readonly mirror: Reader;
}

const upserted = ({ mirror }: Client): string[] =>
  mirror.delivered<Changes>().flatMap((message) => message.upserted.map(({ key, value }) => `${value} ${key}`));
const removed = ({ mirror }: Client): string[] =>
  mirror.delivered<Changes>().flatMap((message) => message.removed.map(({ key }) => key));

it.each([
  { name: 'WebSocket, with the fan-out', wire: webSocket, fanOut: true },
  { name: 'WebSocket, without it', wire: webSocket, fanOut: false },
  { name: 'SSE, with the fan-out', wire: sse, fanOut: true },
  { name: 'SSE, without it', wire: sse, fanOut: false },
])(
  'G1 and G6 over $name no client is told of a key outside its token’s prefix or its filter',
  async ({ wire, fanOut }) => {
    const server = await startServer({ jwtSecret: SECRET, fanOut });
    await server.map.insertMany(KEYS.map((key) => ({ key, value: 'old' })));
    const clients: Client[] = [];
    for (const tenant of TENANTS) {
      const headers = bearer(await sign(tenant === '' ? {} : { keyPrefix: tenant }));
      for (const filter of FILTERS) {
        const sees = (key: string): boolean =>
          key.startsWith(tenant) && key.startsWith(filter.keyPrefix ?? '') && (filter.keys?.includes(key) ?? true);
        const variables = { filter };
        clients.push({
          tenant,
          sees,
          items: wire.read(server, { query: ITEMS, variables }, headers),
          mirror: wire.read(server, { query: CHANGES, variables }, headers),
        });
      }
    }
    await subscribed(server, 2 * clients.length);
    for (const { items, mirror, sees } of clients) {
      await items.reaches(KEYS.filter(sees).length);
      await mirror.reaches(1);
    }
    // One by one, in batches over all tenants, and removals of each kind.
    for (const key of KEYS) await server.map.insert({ key, value: 'new' });
    await server.map.insertMany(KEYS.toReversed().map((key) => ({ key, value: 'batch' })));
    for (const key of KEYS) await server.map.remove(key);
    for (const client of clients) {
      const { items, mirror, sees } = client;
      const mine = KEYS.filter(sees);
      const due = [
        ...mine.map((key) => ({ key, value: 'old' })),
        ...mine.map((key) => ({ key, value: 'new' })),
        ...mine.toReversed().map((key) => ({ key, value: 'batch' })),
      ];
      await items.reaches(due.length);
      expect(items.delivered()).toEqual(due);
      await mirror.until(() => removed(client).length >= mine.length);
      expect(removed(client)).toEqual(mine);
      expect(upserted(client).every((text) => sees(text.slice(text.indexOf(' ') + 1)))).toBe(true);
      for (const key of mine) expect(upserted(client)).toContain(`old ${key}`);
    }
    // Nothing came late: each client has exactly what was due.
    await server.map.insertMany(KEYS.map((key) => ({ key, value: 'end' })));
    for (const { items, sees } of clients) await items.reaches(4 * KEYS.filter(sees).length);
    for (const { items, sees } of clients)
      expect(items.delivered<{ value: string }>().filter(({ value }) => value === 'end')).toHaveLength(
        KEYS.filter(sees).length,
      );
  },
);
