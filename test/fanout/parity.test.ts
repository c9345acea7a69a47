/** Clients get the same from the fan-out as from generators. */
import { describe, expect, it } from 'vitest';
import { keyFilter, passes } from '../../src/core/input/key-filter.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { Dice } from '../support/random/dice.ts';
import { itemsSubscription, type Terms } from '../support/random/made-documents.ts';
import { type Asked, type Reader, type Wire, wires } from '../support/clients/readers.ts';
import { startTwins, subscribed, type Twins } from '../support/model/twins.ts';
import { insertionsAfter, work } from '../support/random/work.ts';

const FILTERS: readonly NonNullable<Terms['filter']>[] = [
  { keyPrefix: 'b' },
  { keyPrefix: 'aä' },
  { keys: ['a', 'b/日本', 'a\u2028line\u2029', 'nobody'] },
  { keys: ['a', 'b', 'aä'], keyPrefix: 'a' },
  { keys: [] },
];

/** How many results there are for it by now, and whether that is all. */
type Due = () => { readonly count: number; readonly isAll: boolean };

/** Terms that nothing is wrong with, for who subscribes now. */
function termsFrom(dice: Dice, map: StreamingMap): { terms: Terms; due: Due } {
  const { window, head, items } = map.replica;
  const from = dice.once(2) ? window.get((1 + dice.below(head.position)) as never) : undefined;
  const filter = dice.once(2) ? dice.pick(FILTERS) : undefined;
  const limit = dice.once(3) ? dice.pick([1, 2, 7, 40, 1000]) : undefined;
  const onLag = dice.once(3) ? dice.pick(['CONFLATE', 'FAIL'] as const) : undefined;
  const snapshot = new Set<number>([...items.index.from(0 as never)].map(({ position }) => position));
  const due = (): ReturnType<Due> => {
    const wanted = [...insertionsAfter(map, from?.position ?? 0)].filter(
      ({ key, position }) =>
        passes(keyFilter(filter), key) && (from || position > head.position || snapshot.has(position)),
    );
    const count = Math.min(wanted.length, limit ?? Infinity);
    return { count, isAll: count === limit };
  };
  return { terms: { limit, after: from?.cursor, filter, onLag }, due };
}

/** What each of the two servers delivers. */
interface Pair {
  readonly asked: Asked;
  readonly readers: readonly Reader[];
  readonly due: Due;
}

const open = ({ both }: Twins, wire: Wire, asked: Asked, due: Due): Pair => ({
  asked,
  readers: both.map((server) => wire.read(server, asked)),
  due,
});

const arrived = (pairs: readonly Pair[]): Promise<unknown> =>
  Promise.all(
    pairs.flatMap(({ readers, due }) => {
      const { count, isAll } = due();
      return readers.map((reader) => (isAll ? reader.ends() : reader.reaches(count)));
    }),
  );

/** Also the order of the fields. */
const textOf = ({ data, errors, extensions }: Reader['results'][number]): string =>
  JSON.stringify([data, errors, extensions]);

const resultsOf = (asked: Asked, reader: Reader | undefined): unknown => ({
  asked,
  results: reader?.results.map(textOf),
  ids: reader?.ids,
});

const seeds = Array.from({ length: 8 }, (_, n) => n + 1);

describe.each(wires)('over $name the fan-out delivers, result by result, what generators do', (wire) => {
  it.each(seeds)('G1 G2 G3 G4 G8: random documents and work, seed %i', async (seed) => {
    const dice = new Dice(seed);
    const twins = await startTwins();
    const { map } = twins.plain;
    await work(map, dice, { commands: 60, largeOnceIn: 40 });
    // Nothing is superseded before it could be sent: then the sequence is told by the terms.
    const pairs = Array.from({ length: 8 }, () => {
      const { terms, due } = termsFrom(dice, map);
      return open(twins, wire, itemsSubscription(dice, terms), due);
    });
    await arrived(pairs);
    const stay = pairs.filter(({ due }) => !due().isAll).length;
    for (const server of twins.both) await subscribed(server, stay);
    await work(map, dice, { commands: 60, largeOnceIn: 40 });
    await arrived(pairs);
    for (const pair of pairs) {
      const { count } = pair.due();
      expect(pair.readers.map(({ results }) => results.length)).toEqual([count, count]);
      const {
        asked,
        readers: [fanned, plain],
      } = pair;
      expect(resultsOf(asked, fanned)).toEqual(resultsOf(asked, plain));
    }
  });
});
