/** Clients with many distinct and overlapping filters get the same from the fan-out as from generators, byte by byte. */
import { describe, expect, it } from 'vitest';
import { keyFilter, passes } from '../../../src/core/input/key-filter.ts';
import type { ValueFilterInput } from '../../../src/core/input/where/where-filter.ts';
import { KEYS, PREFIXES } from '../../support/interest/filters.ts';
import { checksumOf } from '../../support/model/mirror.ts';
import { startTwins, subscribed, type Twins } from '../../support/model/twins.ts';
import { Dice } from '../../support/random/dice.ts';
import { type Reader, sse, webSocket } from '../../support/clients/readers.ts';
import { type Message, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { WireSocket } from '../../support/sockets/wire-socket.ts';
import { oracleMatches } from '../../support/where/oracle.ts';

interface Filter {
  readonly keys?: readonly string[];
  readonly keyPrefix?: string;
  readonly where?: ValueFilterInput;
}

/** By values that an index finds, and by values that are tested late. */
const WHERE: readonly ValueFilterInput[] = [
  { path: '/s', eq: 'open' },
  { path: '/s', in: ['open', 'held'] },
  { path: '/s', eq: null },
  { eq: 'end' },
  { path: '/s', ne: 'open' },
  { path: '/p', gte: 2, lt: 5 },
  { path: '/p', exists: false },
  { path: '/text', startsWith: 'ää' },
  { not: { path: '/p', gt: 1 } },
  {
    or: [
      { path: '/s', eq: 'open' },
      { path: '/p', eq: 0 },
    ],
  },
  { path: '/s', eq: 'open', and: [{ not: { path: '/p', lt: 3 } }] },
  {},
];

const sees = (filter: Filter, item: { readonly key: string; readonly value: unknown }): boolean =>
  passes(keyFilter(filter), item.key) &&
  (filter.where === undefined || oracleMatches(item.value, filter.where as Readonly<Record<string, unknown>>));

/** Every prefix, every key, several keys, both, nothing, conditions on values, and all of them. */
function filtersFrom(dice: Dice): Filter[] {
  const some = (): string[] => Array.from({ length: 1 + dice.below(5) }, () => dice.pick(KEYS));
  return [
    {},
    { keys: [] },
    ...WHERE.map((where) => ({ where })),
    ...WHERE.map((where) => ({ where, keyPrefix: dice.pick(PREFIXES) })),
    ...WHERE.map((where) => ({ where, keys: some(), keyPrefix: 'a' })),
    ...PREFIXES.map((keyPrefix) => ({ keyPrefix })),
    ...KEYS.map((key) => ({ keys: [key] })),
    ...Array.from({ length: 12 }, () => ({ keys: some() })),
    ...Array.from({ length: 12 }, () => ({ keys: some(), keyPrefix: dice.pick(PREFIXES) })),
  ];
}

const ITEMS =
  'subscription ($filter: ItemFilter, $limit: Int) { items(filter: $filter, limit: $limit) { key value cursor } }';
const CHANGES = `subscription ($filter: ItemFilter) { itemChanges(filter: $filter) {
  reset caughtUp cursor follows size checksum upserted { key value cursor timestamp } removed { key reason cursor } } }`;

interface Changes {
  readonly reset: boolean;
  readonly caughtUp: boolean;
  readonly cursor: string;
  readonly follows: string | null;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly upserted: readonly { readonly key: string; readonly cursor: string }[];
  readonly removed: readonly { readonly key: string; readonly cursor: string }[];
}

function valueOf(dice: Dice, n: number): unknown {
  const text = 'ä'.repeat(dice.below(30));
  const s = dice.pick(['open', 'held', 'done', null]);
  return dice.once(4) ? { n, text, s } : { n, text, s, p: dice.below(6) };
}

/** Single insertions, batches over several filters, and removals. */
async function write({ plain: { map } }: Twins, dice: Dice, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const input = () => ({ key: dice.pick(KEYS), value: valueOf(dice, n) });
    const kind = dice.below(5);
    if (kind === 0) await map.remove(dice.pick(KEYS));
    else if (kind === 1) await map.insertMany(Array.from({ length: 1 + dice.below(8) }, input));
    else await map.insert(input());
    if (dice.once(4)) await new Promise((resolve) => setImmediate(resolve));
  }
  // The end, for every filter: what comes after it has been told too early.
  await map.insertMany(KEYS.map((key) => ({ key, value: 'end' })));
}

const nextsOf = (messages: readonly Message[]): unknown[] =>
  messages.filter(({ type }) => type === 'next').map(({ payload }) => payload);

const changesOf = (payloads: readonly unknown[]): Changes[] =>
  payloads.map((payload) => (payload as { data: { itemChanges: Changes } }).data.itemChanges);

/** What a mirror has after all messages. */
function mirrored(messages: readonly Changes[]): string[] {
  const items = new Map<string, Changes['upserted'][number]>();
  let last = '';
  for (const { reset, upserted, removed, caughtUp, size, checksum, follows, cursor } of messages) {
    expect(follows === null).toBe(reset);
    expect((follows ?? '') <= last).toBe(true);
    expect(size !== null).toBe(caughtUp);
    last = cursor;
    if (reset) items.clear();
    for (const { key } of removed) items.delete(key);
    for (const item of upserted) items.set(item.key, item);
    if (size === null) continue;
    expect([size, checksum]).toEqual([items.size, checksumOf([...items.values()])]);
  }
  return [...items.values()].map((item) => JSON.stringify(item)).sort();
}

const isSettled = (messages: readonly Changes[], checksum: string): boolean => {
  const last = messages.at(-1);
  return last?.caughtUp === true && last.checksum === checksum;
};

describe.each([1, 2, 3])('with random writes of seed %i', (seed) => {
  it('G1 to G4: `items` of more than 100 filters on one WebSocket has the same bytes as by generators', async () => {
    const dice = new Dice(seed);
    const twins = await startTwins({ maxSubscriptions: 1000 });
    await write(twins, dice, 30);
    const asked = filtersFrom(dice).map((filter, n) => ({
      id: `${n}`,
      filter,
      variables: { filter, limit: dice.once(4) ? 1 + dice.below(9) : null },
    }));
    const sockets = await Promise.all(twins.both.map((server) => WireSocket.open(server)));
    for (const socket of sockets)
      socket.send(...asked.map(({ id, variables }) => subscribeMessage(id, ITEMS, { variables })));
    const head = twins.plain.map.replica.head.position;
    const current = [...twins.plain.map.replica.items.index.from(0 as never)];
    for (const socket of sockets) await socket.fence();
    const started = ({ filter, variables: { limit } }: (typeof asked)[number]): number =>
      Math.min(limit ?? Infinity, current.filter((item) => sees(filter, item as never)).length);
    for (const socket of sockets)
      await socket.until(() => asked.every((each) => nextsOf(socket.of(each.id)).length >= started(each)));
    await write(twins, dice, 60);
    const { window } = twins.plain.map.replica;
    const live = [...window].filter((change) => change.position > head && 'value' in change);
    const due = (each: (typeof asked)[number]): number => {
      const { filter, variables } = each;
      const count = live.filter((item) => sees(filter, item as never)).length;
      const snapshot = current.filter((item) => sees(filter, item as never)).length;
      return Math.min(variables.limit ?? Infinity, snapshot + count);
    };
    for (const socket of sockets) {
      await socket.until(() => asked.every((each) => nextsOf(socket.of(each.id)).length >= due(each)));
      await socket.fence();
    }
    const [fanned, plain] = sockets;
    for (const each of asked) {
      const [byFanOut, byGenerator] = [fanned, plain].map((socket) => JSON.stringify(socket?.of(each.id)));
      expect({ each, results: byFanOut }).toEqual({ each, results: byGenerator });
      expect(nextsOf(fanned?.of(each.id) ?? [])).toHaveLength(due(each));
    }
  });

  it('G6: `itemChanges` of more than 100 filters on one WebSocket tells the same changes as generators', async () => {
    const dice = new Dice(seed);
    const twins = await startTwins({ maxSubscriptions: 1000, maxItems: seed === 3 ? 12 : 1000 });
    await write(twins, dice, 30);
    const asked = filtersFrom(dice).map((filter, n) => ({ id: `${n}`, filter, variables: { filter } }));
    const sockets = await Promise.all(twins.both.map((server) => WireSocket.open(server)));
    for (const socket of sockets) {
      socket.send(...asked.map(({ id, variables }) => subscribeMessage(id, CHANGES, { variables })));
      await socket.until(() => asked.every(({ id }) => socket.of(id).length > 0));
    }
    for (let round = 0; round < 3; round++) {
      await write(twins, dice, 20);
      const { replica } = twins.plain.map;
      const told = ({ id }: { id: string }, socket: WireSocket): Changes[] => changesOf(nextsOf(socket.of(id)));
      const held = [...replica.items.index.from(0 as never)];
      const proofs = new Map(
        asked.map(({ id, filter }) => [id, checksumOf(held.filter((item) => sees(filter, item)))]),
      );
      for (const socket of sockets)
        await socket.until(() => asked.every((each) => isSettled(told(each, socket), proofs.get(each.id) ?? '')));
      for (const each of asked) {
        const { filter } = each;
        const [byFanOut, byGenerator] = sockets.map((socket) => mirrored(told(each, socket)));
        expect({ filter, items: byFanOut }).toEqual({ filter, items: byGenerator });
        expect(byFanOut).toHaveLength(held.filter((item) => sees(filter, item as never)).length);
      }
    }
  });
});

it.each([webSocket, sse])(
  'over $name distinct connections with distinct filters get the same as by generators',
  async (wire) => {
    const dice = new Dice(7);
    const twins = await startTwins();
    const filters = filtersFrom(dice).filter((_filter, n) => n % 3 === 0);
    const pairs = filters.map((filter) => ({
      filter,
      readers: twins.both.map((server): Reader => wire.read(server, { query: ITEMS, variables: { filter } })),
    }));
    for (const server of twins.both) await subscribed(server, pairs.length);
    await write(twins, dice, 60);
    const live = [...twins.plain.map.replica.window].filter((change) => 'value' in change);
    for (const { filter, readers } of pairs) {
      const due = live.filter((item) => sees(filter, item as never));
      for (const reader of readers) await reader.reaches(due.length);
      const [byFanOut, byGenerator] = readers.map(({ results, ids }) => JSON.stringify([results, ids]));
      expect({ filter, results: byFanOut }).toEqual({ filter, results: byGenerator });
      const keys = readers[0]?.delivered<{ key: string }>().map(({ key }) => key);
      expect(keys).toEqual(due.map(({ key }) => key));
    }
  },
);
