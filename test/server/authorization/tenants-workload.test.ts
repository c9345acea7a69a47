/** Two tenants and an admin act concurrently and at random. Every delivery is checked for its owner. */
import { describe, expect, it } from 'vitest';
import { ORIGIN } from '../../../src/core/model/position.ts';
import { startServer } from '../../support/server/server.ts';
import { Dice } from '../../support/random/dice.ts';
import { Mirror } from '../../support/model/mirror.ts';
import { type Tenant, tenant, type Wire, wires } from '../../support/server/tenants.ts';
import { SECRET } from '../../support/server/tokens.ts';
import type { ItemChangesSubscription } from '../../../schema/documents/graphql.ts';

const ITEMS =
  'subscription ($filter: ItemFilter, $after: String) { items(filter: $filter, after: $after) { id key value cursor } }';
const CHANGES = `subscription ($filter: ItemFilter, $after: String) {
  itemChanges(filter: $filter, after: $after) {
    reset upserted { id key value timestamp expiresAt cursor } removed { key reason timestamp cursor }
    caughtUp cursor size checksum
  }
}`;
const INSERT_MANY = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key cursor } }';
const REMOVE = 'mutation ($key: ID!) { removeItem(key: $key) { key } }';
const PAGE = 'query ($filter: ItemFilter) { items(first: 1000, filter: $filter) { edges { node { id key value } } } }';

/** Neither is a prefix of the other, but there are keys that start similarly to each. */
const PREFIXES = ['acme:', 'acme-eu:'] as const;
const NAMES = ['1', '2', '3', 'acme:', 'acme-eu:1', '\u{1f600}', '', 'é'];
const STEPS = 200;
/** The last key of a run: a reader that has received it has received everything before. */
const LAST = 'last';

type Filter = { readonly keyPrefix?: string; readonly keys?: readonly string[] } | undefined;

const passes = (filter: Filter, key: string): boolean =>
  key.startsWith(filter?.keyPrefix ?? '') && (filter?.keys?.includes(key) ?? true);

/** Asserts that a key belongs to `reader` and passes its filter. */
function assertOwn(reader: Tenant, filter: Filter, text: unknown, keys: readonly string[]): void {
  for (const key of keys) {
    expect(key.startsWith(reader.keyPrefix), `${key} for ${reader.keyPrefix}`).toBe(true);
    expect(passes(filter, key), `${key} for ${JSON.stringify(filter)}`).toBe(true);
  }
  // Each value names its owner.
  const other = PREFIXES.find((prefix) => prefix !== reader.keyPrefix);
  if (reader.keyPrefix !== '') expect(JSON.stringify(text)).not.toContain(`of ${other}`);
}

/** Reads `items` up to the last key, leaving and resuming at random. */
async function followItems(reader: Tenant, wire: Wire, filter: Filter, dice: Dice): Promise<string[]> {
  const seen: string[] = [];
  let after: string | undefined;
  for (;;) {
    const feed = reader.subscribe<{ items: { key: string; cursor: string } }>(wire, ITEMS, { filter, after });
    for (let stay = 1 + dice.below(60); stay > 0; stay--) {
      const [result] = await feed.take(1);
      if (!result?.data) throw new Error(JSON.stringify(result));
      const { key, cursor } = result.data.items;
      assertOwn(reader, filter, result, [key]);
      if (after !== undefined) expect(cursor > after).toBe(true);
      after = cursor;
      seen.push(cursor);
      if (key.endsWith(LAST)) return seen;
    }
    await feed.leave();
  }
}

/** Reads `itemChanges` until the mirror holds the last key, leaving and resuming at random. */
async function followChanges(reader: Tenant, wire: Wire, filter: Filter, dice: Dice): Promise<Mirror> {
  const mirror = new Mirror();
  let after: string | undefined;
  for (;;) {
    const feed = reader.subscribe<ItemChangesSubscription>(wire, CHANGES, { filter, after });
    for (let stay = 1 + dice.below(40); stay > 0; stay--) {
      const [result] = await feed.take(1);
      if (!result?.data) throw new Error(JSON.stringify(result));
      const message = result.data.itemChanges;
      const { upserted, removed, size, checksum, caughtUp } = message;
      assertOwn(
        reader,
        filter,
        result,
        [...upserted, ...removed].map(({ key }) => key),
      );
      expect([size !== null, checksum !== null]).toEqual([caughtUp, caughtUp]);
      mirror.apply(message);
      after = message.cursor;
      if (caughtUp && [...mirror.items.keys()].some((key) => key.endsWith(LAST))) return mirror;
    }
    await feed.leave();
  }
}

function filterFor(dice: Dice, prefix: string): Filter {
  const [own, foreign] = [prefix || dice.pick(PREFIXES), dice.pick(PREFIXES)];
  return dice.pick<Filter>([
    undefined,
    undefined,
    { keyPrefix: 'acme' },
    { keyPrefix: '' },
    { keyPrefix: own },
    // Every filter lets the reader's last key pass, so that it knows the end.
    { keys: [LAST, '1', '2', '\u{1f600}'].flatMap((name) => [own + name, foreign + name]) },
  ]);
}

describe.each([1, 2, 3])('with seed %i', (seed) => {
  it('no item of a tenant reaches another, and each receives all of its own (G1 to G4, G6)', async () => {
    const dice = new Dice(seed);
    // Some maps evict and some windows are too small for slow subscribers; the others keep every change.
    const bounds = dice.pick([{}, { maxItems: 9 }, { window: 16 }]);
    const server = await startServer({ jwtSecret: SECRET, ...bounds });
    const tenants = await Promise.all([...PREFIXES, ''].map((prefix) => tenant(server, prefix)));
    const written = new Map<string, string>();

    const following = tenants.flatMap((reader, index) =>
      wires.flatMap((wire) => {
        const filter = filterFor(dice, reader.keyPrefix);
        const own = new Dice(seed * 100 + index);
        return [
          followChanges(reader, wire, filter, own).then((mirror) => ({ reader, filter, mirror, seen: undefined })),
          followItems(reader, wire, undefined, own).then((seen) => ({ reader, filter, mirror: undefined, seen })),
        ];
      }),
    );
    const followers = Promise.all(following);
    // It is awaited at the end. Until then a rejection must not count as unhandled.
    followers.catch(() => {});
    await expect.poll(() => server.map.subscriptions).toBe(following.length);

    const [one, two] = tenants;
    if (!one || !two) throw new Error('there are three');
    const write = async (writer: Tenant, inputs: readonly { key: string; value: string; ttl?: number }[]) => {
      const { data, errors } = await writer.request<{ insertItems: { key: string; cursor: string }[] }>(INSERT_MANY, {
        inputs,
      });
      const isOwn = inputs.every(({ key }) => key.startsWith(writer.keyPrefix));
      if (isOwn) expect(errors).toBeUndefined();
      else expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
      for (const { key, cursor } of data?.insertItems ?? []) written.set(cursor, key);
    };
    for (let step = 0; step < STEPS; step++) {
      const writer = dice.pick(tenants);
      const prefix = writer.keyPrefix || dice.pick(PREFIXES);
      const strange = dice.once(8) ? dice.pick(PREFIXES) : prefix;
      const keyed = (own: string) => own + dice.pick(NAMES);
      if (dice.once(5)) {
        const key = keyed(strange);
        const { errors } = await writer.request(REMOVE, { key });
        expect(errors === undefined).toBe(key.startsWith(writer.keyPrefix));
      } else if (dice.once(6)) {
        const page = await writer.ask<{ items: { edges: { node: { key: string } }[] } }>(PAGE, {
          filter: dice.pick([undefined, { keyPrefix: strange }, { keys: NAMES.map((name) => strange + name) }]),
        });
        assertOwn(
          writer,
          undefined,
          page,
          page.items.edges.map(({ node }) => node.key),
        );
      } else {
        const inputs = Array.from({ length: 1 + dice.below(3) }, (_, at) => {
          const owner = at === 0 ? strange : prefix;
          return { key: keyed(owner), value: `of ${owner} ${step}` };
        });
        await write(writer, inputs);
      }
    }
    for (const prefix of PREFIXES)
      await write(one.keyPrefix === prefix ? one : two, [{ key: prefix + LAST, value: 'last' }]);

    const cursors = [...written.keys()].sort();
    for (const { reader, filter, mirror, seen } of await followers) {
      const isOwn = (key = ''): boolean => key.startsWith(reader.keyPrefix);
      // The admin ends at the first of the two last keys.
      if (reader.keyPrefix === '') continue;
      if (mirror) {
        const current = [...server.map.replica.items.index.from(ORIGIN.position)].map(({ key }) => key);
        expect([...mirror.items.keys()].sort()).toEqual(
          current.filter((key) => isOwn(key) && passes(filter, key)).sort(),
        );
      } else {
        const own = cursors.filter((cursor) => isOwn(written.get(cursor)));
        const expected =
          'window' in bounds ? own.filter((cursor) => seen.includes(cursor)) : own.slice(own.indexOf(seen[0] ?? ''));
        expect(seen).toEqual(expected);
      }
    }
  });
});
