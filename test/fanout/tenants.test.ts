import { expect, it } from 'vitest';
import { wires } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, sign } from '../support/server/tokens.ts';
import { subscribed } from '../support/model/twins.ts';

const PREFIXES = ['a/', 'b/', 'a/1/', ''] as const;
const KEYS = ['a/1/x', 'b/1', 'a/2', 'c', 'a', 'b/', 'a/1/'];

const visible = (prefix: string): string[] => KEYS.filter((key) => key.startsWith(prefix));

it.each(wires)(
  'over $name two callers who ask for the same in the same words never see each other’s items',
  async (wire) => {
    const server = await startServer({ jwtSecret: SECRET });
    await server.map.insertMany(KEYS.map((key) => ({ key, value: `old ${key}` })));
    const tokens = await Promise.all(PREFIXES.map((keyPrefix) => sign(keyPrefix === '' ? {} : { keyPrefix })));
    const query = 'subscription ($filter: ItemFilter) { items(filter: $filter) { key value } }';
    const changes = 'subscription { itemChanges { size checksum upserted { key } removed { key } } }';
    const opened = PREFIXES.map((prefix, n) => {
      const headers = bearer(tokens[n] ?? '');
      return {
        prefix,
        all: wire.read(server, { query }, headers),
        own: wire.read(server, { query, variables: { filter: { keyPrefix: 'a/' } } }, headers),
        mirror: wire.read(server, { query: changes }, headers),
      };
    });
    await subscribed(server, 3 * PREFIXES.length);
    for (const { prefix, all, mirror } of opened) {
      await all.reaches(visible(prefix).length);
      await mirror.reaches(1);
    }
    await server.map.insertMany(KEYS.map((key) => ({ key, value: `new ${key}` })));
    for (const key of KEYS) await server.map.remove(key);
    for (const { prefix, all, own, mirror } of opened) {
      const due = (values: string, keys: readonly string[]): object[] =>
        keys.map((key) => ({ items: { key, value: `${values} ${key}` } }));
      const mine = visible(prefix);
      const filtered = mine.filter((key) => key.startsWith('a/'));
      await all.reaches(2 * mine.length);
      await own.reaches(2 * filtered.length);
      expect(all.results.map(({ data }) => data)).toEqual([...due('old', mine), ...due('new', mine)]);
      expect(own.results.map(({ data }) => data)).toEqual([...due('old', filtered), ...due('new', filtered)]);
      const removals = (): number => mirror.delivered<Changes>().flatMap(({ removed }) => removed).length;
      await mirror.until(() => removals() === mine.length);
      expect(mirror.delivered<Changes>().at(-1)?.size).toBe(0);
      for (const { size, upserted, removed } of mirror.delivered<Changes>()) {
        expect([...upserted, ...removed].every(({ key }) => key.startsWith(prefix))).toBe(true);
        expect(size ?? 0).toBeLessThanOrEqual(mine.length);
      }
    }
  },
);

interface Changes {
  readonly size: number | null;
  readonly upserted: readonly { readonly key: string }[];
  readonly removed: readonly { readonly key: string }[];
}
