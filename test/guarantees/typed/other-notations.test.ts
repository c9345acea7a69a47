/** Values that SQL has inserted: their fields come in another order, nulls are written out, and numbers have other notations. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldType, ObjectDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import { unfitItem } from '../../../schema/typed/unfit-item.ts';
import { sse, webSocket } from '../../support/clients/readers.ts';
import { samplesOf } from '../../support/typed/made-values.ts';
import { madeWhere } from '../../support/typed/made-wheres.ts';
import { answerTo, keyOf, mapIn, scenes, withServers } from '../../support/typed/served-sdl.ts';
import { SEED } from '../../support/typed/seed.ts';
import { TypedOracle } from '../../support/typed/typed-oracle.ts';
import { type Followed, History, ItemsWatcher, MirrorWatcher } from '../../support/typed/watchers.ts';

/** `TYPED_RUNS=200` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 8);

/** The same value as a jsonb may have it. */
function otherNotation(sdl: SdlDefinition, { fields }: ObjectDefinition, stored: unknown): unknown {
  const note = (type: FieldType, one: unknown): unknown => {
    if (one == null) return null;
    if (type.kind === 'list') return (one as unknown[]).map((element) => note(type.of, element));
    const object = sdl.objects.find(({ name }) => name === type.name);
    return object ? otherNotation(sdl, object, one) : one;
  };
  const members = new Map(Object.entries(stored as object));
  return Object.fromEntries(
    fields.map(({ name, type }) => [name, note(type, members.get(name))] as const).toReversed(),
  );
}

const scene = scenes(8, 8).chain((made) =>
  fc.record({
    made: fc.constant(made),
    wheres: fc.array(madeWhere(made.sdl, made.collection), { minLength: 3, maxLength: 3 }),
  }),
);

describe('values in other notations', () => {
  it(
    'subscribers, mirrors and filters treat a value with its fields in another order, and with nulls, as the one of a mutation',
    async () => {
      let matching = 0;
      await fc.assert(
        fc.asyncProperty(scene, async ({ made: { sdl, collection, values }, wheres }) => {
          const normal = (name: string, operand: unknown): unknown =>
            samplesOf(sdl, name).find(({ sent }) => sent === operand)?.stored;
          const oracle = new TypedOracle(sdl, normal);
          const unfit = unfitItem(sdl, collection);
          await withServers(sdl, [{ fanOut: true }, { fanOut: false }], async (servers) => {
            for (const server of servers) {
              const history = new History(collection);
              const filters: [unknown, Followed['matches']][] = [[undefined, () => true]];
              for (const where of wheres) {
                const query = `query ($filter: ${collection.name}Filter) { ${collection.plural}(filter: $filter) { cursor } }`;
                const { errors } = await answerTo(server, { query, variables: { filter: { where } } });
                if (!errors) filters.push([where, (stored) => oracle.matches(collection, where, stored)]);
              }
              const watchers = filters.flatMap(([where, matches]) => [
                new MirrorWatcher({ server, history, where, matches, wire: webSocket }),
                new ItemsWatcher({ server, history, where, matches, wire: sse }),
              ]);
              for (const watcher of watchers) watcher.open();
              for (const { stored } of values) {
                const key = keyOf(collection, stored);
                const value = otherNotation(sdl, collection, stored);
                expect(unfit({ key, value })).toBeUndefined();
                history.insert(stored);
                await mapIn(server, collection).insert({ key, value });
              }
              for (const watcher of watchers) {
                await watcher.rest();
                // Again, from the items instead of the changes.
                watcher.open();
                await watcher.rest();
                watcher.leave();
              }
              matching += filters.slice(1).filter(([, matches]) => values.some(({ stored }) => matches(stored))).length;
            }
          });
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
      expect(matching).toBeGreaterThan(RUNS);
    },
    60_000 + RUNS * 5000,
  );
});
