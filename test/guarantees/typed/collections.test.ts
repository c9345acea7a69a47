/** Two collections of a random SDL file in one server, against a model of both: each has a history and subscribers of its own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CollectionDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { sse, webSocket } from '../../support/clients/readers.ts';
import { Dice } from '../../support/random/dice.ts';
import type { MadeValue } from '../../support/typed/made-values.ts';
import {
  answerTo,
  insertAll,
  insertion,
  keyedValue,
  keyOf,
  mapIn,
  positionOf,
  unboundedSdl,
  WAYS,
  withServers,
} from '../../support/typed/served-sdl.ts';
import { History, ItemsWatcher, MirrorWatcher } from '../../support/typed/watchers.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=200` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 10);
const STEPS = 20;

const worlds = unboundedSdl()
  .filter(({ collections }) => collections.length > 1)
  .chain((sdl) =>
    fc.record({
      sdl: fc.constant(sdl),
      seed: fc.nat(),
      values: fc.tuple(
        ...sdl.collections.slice(0, 2).map((each) => fc.array(keyedValue(sdl, each), { minLength: 8, maxLength: 8 })),
      ),
    }),
  );

interface Side {
  readonly collection: CollectionDefinition;
  readonly history: History;
  readonly values: readonly MadeValue[];
  readonly watchers: readonly (MirrorWatcher | ItemsWatcher)[];
}

const literalOf = ({ key }: CollectionDefinition, text: string): string =>
  key.type === 'Int' ? text : JSON.stringify(text);

const codesOf = ({ errors }: Awaited<ReturnType<typeof answerTo>>): unknown[] =>
  (errors ?? []).map(({ extensions }) => extensions['code']);

describe('two collections of a random SDL file', () => {
  it(
    'each has its own history: a query reads both at one position each, neither wakes the other, and no cursor of one continues the other',
    async () => {
      await fc.assert(
        fc.asyncProperty(worlds, async ({ sdl, seed, values }) => {
          const dice = new Dice(seed);
          await withServers(sdl, [{ fanOut: dice.once(2) }], async (servers) => {
            for (const server of servers) {
              const sides = sdl.collections.slice(0, 2).map((collection, index): Side => {
                const history = new History(collection);
                const followed = { server, history, where: undefined, matches: () => true };
                const watchers = [
                  new MirrorWatcher({ ...followed, wire: webSocket }),
                  new ItemsWatcher({ ...followed, wire: sse }),
                ];
                return { collection, history, values: values[index] ?? [], watchers };
              });
              const watchers = sides.flatMap((side) => side.watchers);
              for (const watcher of watchers) watcher.open();
              const rest = async () => {
                for (const watcher of watchers) await watcher.rest();
              };
              await rest();
              for (let step = 0; step < STEPS; step++) {
                const at = dice.below(2);
                // There are two.
                const [side, other] = [sides[at]!, sides[1 - at]!];
                const { counters } = mapIn(server, other.collection);
                const before = { ...counters };
                await act(server, sdl, side, dice);
                await rest();
                expect({ ...mapIn(server, other.collection).counters }, 'the other collection does nothing').toEqual(
                  before,
                );
                await expectBoth(server, sides);
                if (dice.once(3)) await expectRefusals(server, sdl, side, other);
                if (dice.once(4)) {
                  for (const watcher of side.watchers) watcher.open();
                  await rest();
                }
              }
              for (const watcher of watchers) watcher.leave();
            }
          });
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
    },
    60_000 + RUNS * 5000,
  );
});

async function act(server: SeamlineServer, sdl: SdlDefinition, side: Side, dice: Dice): Promise<void> {
  const { collection, history, values } = side;
  if (dice.once(4)) {
    const key = keyOf(collection, dice.pick(values).stored);
    const isThere = history.remove(key);
    const query = `mutation { gone: remove${collection.name}(${collection.key.name}: ${literalOf(collection, key)}) { key } }`;
    expect(await answerTo(server, { query })).toEqual({ data: { gone: isThere ? { key } : null } });
    return;
  }
  const some = Array.from({ length: 1 + dice.below(4) }, () => dice.pick(values));
  for (const { stored } of some) history.insert(stored);
  await insertAll(server, { sdl, collection }, dice.pick(WAYS), some);
}

/** One query of both collections, by pages and by a key. */
async function expectBoth(server: SeamlineServer, sides: readonly Side[]): Promise<void> {
  const fields = sides.map(({ collection, values }, index) => {
    const { plural, singular, key } = collection;
    const some = literalOf(collection, keyOf(collection, values[0]?.stored));
    return `page${index}: ${plural} { cursor edges { node { k: ${key.name} c: cursor } } } one${index}: ${singular}(${key.name}: ${some}) { c: cursor } stream${index}: ${singular}Stream { cursor size }`;
  });
  const { data, errors } = await answerTo(server, { query: `{ ${fields.join(' ')} }` });
  expect(errors).toBeUndefined();
  for (const [index, { collection, history, values }] of sides.entries()) {
    const page = data?.[`page${index}`] as { cursor: string; edges: { node: { k: string | number; c: string } }[] };
    const one = data?.[`one${index}`] as { c: string } | null;
    expect(data?.[`stream${index}`]).toEqual({ cursor: page.cursor, size: history.current.size });
    expect(positionOf(page.cursor)).toBe(history.head);
    const shown = page.edges.map(({ node }) => [String(node.k), positionOf(node.c)]);
    const current = [...history.current].map(([key, { position }]) => [key, position] as const);
    expect(shown).toEqual(current.sort(([, a], [, b]) => a - b));
    const key = keyOf(collection, values[0]?.stored);
    expect(one && positionOf(one.c)).toBe(history.current.get(key)?.position ?? null);
  }
}

/** What knows a cursor of the other collection is refused. */
async function expectRefusals(
  server: SeamlineServer,
  sdl: SdlDefinition,
  { collection, history }: Side,
  other: Side,
): Promise<void> {
  const { replica } = mapIn(server, collection);
  const after = replica.cursor(replica.head);
  const { plural, singular, name, key } = other.collection;
  const page = await answerTo(server, {
    query: `query ($after: String) { ${plural}(after: $after) { cursor } }`,
    variables: { after },
  });
  expect(codesOf(page)).toEqual(['CURSOR_EXPIRED']);
  for (const wire of [webSocket, sse]) {
    const query = `subscription ($after: String) { ${plural}(after: $after) { c: cursor } }`;
    const items = wire.read(server, { query, variables: { after } });
    await items.reaches(1);
    expect(items.results.map((result) => codesOf(result))).toEqual([['CURSOR_EXPIRED']]);
    items.leave();
    const changes = wire.read(server, {
      query: `subscription ($after: String) { ${singular}Changes(after: $after) { reset cursor } }`,
      variables: { after },
    });
    await changes.reaches(1);
    expect(changes.results[0]).toMatchObject({ data: { [`${singular}Changes`]: { reset: true } } });
    changes.leave();
  }
  // The condition does not hold, whatever the position.
  const [value] = other.values;
  const body = insertion(sdl, other.collection, 'variables', [value?.sent]);
  const query = `mutation ($input: ${name}Input!, $ifCursor: String) { insert${name}(input: $input, ifCursor: $ifCursor) { ${key.name} } }`;
  const conditional = await answerTo(server, { query, variables: { ...body.variables, ifCursor: after } });
  expect(codesOf(conditional)).toEqual(['CONFLICT']);
  expect(positionOf(after)).toBe(history.head);
}
