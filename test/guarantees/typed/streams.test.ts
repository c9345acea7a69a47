/** Typed collections of random SDL files: whatever is selected is what graphql-js shows of the values alone, on every way out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sse, webSocket, type Reader } from '../../support/clients/readers.ts';
import { Dice } from '../../support/random/dice.ts';
import { madeSelection, type MadeSelection, SelectionOracle } from '../../support/typed/made-selections.ts';
import {
  answerTo,
  deliveredTo,
  insertAll,
  keyOf,
  mapIn,
  positionOf,
  scenes,
  soonIn,
  type TypedScene,
  WAYS,
  withServers,
} from '../../support/typed/served-sdl.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=500` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 12);

/** Selected of every item, under names that no made selection has. */
const base = ({ collection }: TypedScene): string => `k0: ${collection.key.name} c0: cursor`;

interface Shown extends Readonly<Record<string, unknown>> {
  readonly k0: string | number;
  readonly c0: string;
}

interface Message {
  readonly reset: boolean;
  readonly upserted: readonly Shown[];
  readonly removed: readonly unknown[];
  readonly caughtUp: boolean;
  readonly cursor: string;
}

const selected = (scene: TypedScene, { selection }: MadeSelection): string => `{ ${base(scene)} ${selection.slice(1)}`;

class Checker {
  readonly #scene: TypedScene;
  readonly #oracle: SelectionOracle;
  checked = 0;

  constructor(scene: TypedScene) {
    this.#scene = scene;
    this.#oracle = new SelectionOracle(scene.sdl);
  }

  /** Returns the position of the item, after it has been compared. */
  item(made: MadeSelection, { k0, c0, ...rest }: Shown): number {
    const position = positionOf(c0);
    // The log was empty, so that each value has the position of its number.
    const stored = this.#scene.values[position - 1]?.stored;
    expect(String(k0)).toBe(keyOf(this.#scene.collection, stored));
    expect(JSON.stringify(rest)).toBe(this.#oracle.shown(made, stored));
    this.checked++;
    return position;
  }

  /** The positions of the current items after the first values have been inserted. */
  currentOf(count: number): number[] {
    const last = new Map<string, number>();
    for (const [index, { stored }] of this.#scene.values.slice(0, count).entries())
      last.set(keyOf(this.#scene.collection, stored), index + 1);
    return [...last.values()].sort((a, b) => a - b);
  }
}

interface Watched {
  readonly made: MadeSelection;
  readonly reader: Reader;
}

describe('typed collections of random SDL files', () => {
  it(
    'queries, streams and mirrors show of each value what graphql-js shows of it, with and without the fan-out, over WebSocket and SSE',
    async () => {
      let checked = 0;
      await fc.assert(
        fc.asyncProperty(scenes(6, 16), async (scene) => {
          const checker = new Checker(scene);
          await withServers(scene.sdl, [{ fanOut: true }, { fanOut: false }], async (servers) => {
            const { sdl, collection, values } = scene;
            const dice = new Dice(scene.seed);
            const steps = stepsOf(dice, values.length);
            const half = steps.length >> 1;
            const insertSteps = async (some: typeof steps): Promise<void> => {
              for (const { way, from, to } of some)
                for (const server of servers) await insertAll(server, scene, way, values.slice(from, to));
            };
            await insertSteps(steps.slice(0, half));
            const begun = steps[half]?.from ?? 0;

            const selections = [1, 2].map(() => madeSelection(dice, sdl, collection));
            const watch = (made: MadeSelection, body: string): Watched[] =>
              servers.flatMap((server) =>
                [webSocket, sse].map((wire) => {
                  const query = `subscription ${made.defined} { ${body} } ${made.fragments}`;
                  return { made, reader: wire.read(server, { query, variables: made.variables }) };
                }),
              );
            const streams = selections.flatMap((made) => watch(made, `${collection.plural} ${selected(scene, made)}`));
            const mirrors = selections.flatMap((made) =>
              watch(
                made,
                `${collection.singular}Changes { reset caughtUp cursor upserted ${selected(scene, made)} removed { key } }`,
              ),
            );
            const first = checker.currentOf(begun);
            await Promise.all(streams.map((each) => has(each, first.length)));
            await Promise.all(mirrors.map((each) => reaches(each, begun)));
            await insertSteps(steps.slice(half));
            const all = [...first, ...values.slice(begun).map((_value, index) => begun + index + 1)];
            await Promise.all(streams.map((each) => has(each, all.length)));
            await Promise.all(mirrors.map((each) => reaches(each, values.length)));

            for (const { made, reader } of streams)
              expect(deliveredTo<Shown>(reader).map((item) => checker.item(made, item))).toEqual(all);
            const current = checker.currentOf(values.length);
            for (const watched of mirrors) expect(mirrored(checker, watched)).toEqual(current);
            for (const { reader } of [...streams, ...mirrors]) reader.leave();

            for (const server of servers) {
              for (const { key, json } of mapIn(server, collection).replica.items.index.from(0 as never)) {
                const stored = values.findLast((value) => keyOf(collection, value.stored) === key)?.stored;
                expect(JSON.stringify(JSON.parse(json))).toBe(JSON.stringify(stored));
              }
              for (const made of selections) {
                const key = keyOf(collection, values[0]?.stored);
                const literal = collection.key.type === 'Int' ? key : JSON.stringify(key);
                const body = selected(scene, made);
                const query = `query ${made.defined} { page: ${collection.plural} { edges { node ${body} } } one: ${collection.singular}(${collection.key.name}: ${literal}) ${body} } ${made.fragments}`;
                const { data, errors } = await answerTo(server, { query, variables: made.variables });
                expect(errors).toBeUndefined();
                const { page, one } = data as { page: { edges: { node: Shown }[] }; one: Shown };
                expect(page.edges.map(({ node }) => checker.item(made, node))).toEqual(current);
                expect(current).toContain(checker.item(made, one));
              }
            }
          });
          checked += checker.checked;
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
      expect(checked).toBeGreaterThan(RUNS * 100);
    },
    60_000 + RUNS * 2000,
  );
});

/** Which values are inserted how. */
function stepsOf(dice: Dice, count: number) {
  const steps: { readonly way: (typeof WAYS)[number]; readonly from: number; readonly to: number }[] = [];
  for (let from = 0; from < count;) {
    const to = Math.min(count, from + 1 + dice.below(4));
    steps.push({ way: dice.pick(WAYS), from, to });
    from = to;
  }
  return steps;
}

const has = ({ reader, made }: Watched, count: number): Promise<void> =>
  soonIn(
    reader,
    () => reader.results.length >= count,
    () => `not ${count} results of ${made.selection}`,
  );

const reaches = ({ reader, made }: Watched, position: number): Promise<void> =>
  soonIn(
    reader,
    () => isAt(reader, position),
    () => `not at ${position} with ${made.selection} ${made.fragments}`,
  );

function isAt(reader: Reader, position: number): boolean {
  const last = deliveredTo<Message>(reader).at(-1);
  return last?.caughtUp === true && positionOf(last.cursor) >= position;
}

/** The positions of what a mirror holds. */
function mirrored(checker: Checker, { made, reader }: Watched): number[] {
  const held = new Map<string, number>();
  for (const { reset, upserted, removed } of deliveredTo<Message>(reader)) {
    if (reset) held.clear();
    expect(removed).toEqual([]);
    for (const item of upserted) held.set(String(item.k0), checker.item(made, item));
  }
  return [...held.values()].sort((a, b) => a - b);
}
