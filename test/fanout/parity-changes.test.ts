/** Mirrors get the same from the fan-out as from generators. Only the grouping of messages may differ. */
import { describe, expect, it } from 'vitest';
import { keyFilter, passes } from '../../src/core/input/key-filter.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { Dice } from '../support/random/dice.ts';
import { changesSubscription } from '../support/random/made-documents.ts';
import { checksumOf } from '../support/model/mirror.ts';
import { type Asked, type Reader, wires } from '../support/clients/readers.ts';
import { startTwins, subscribed } from '../support/model/twins.ts';
import { work } from '../support/random/work.ts';

type Fields = Readonly<Record<string, unknown>> & { readonly key: string };
type Lists = Readonly<Record<'upserted' | 'again' | 'removed' | 'gone', readonly Fields[]>>;
type Message = Lists & {
  reset: boolean;
  caughtUp: boolean;
  cursor: string;
  size: number | null;
  checksum: string | null;
};

/** What a client has that applies every message, with all that it selected of each item. */
class SelectedMirror {
  readonly items = new Map<string, { readonly item: Fields; readonly again: Fields | undefined }>();
  last: Message | undefined;
  /** A resumed mirror that was not reset has only the changes since. */
  isWhole = false;
  #applied = 0;
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Until it has what the server has. */
  async settle({ map }: SeamlineServer): Promise<void> {
    const head = map.replica.cursor(map.replica.head);
    await this.#reader.until(() => {
      for (const { data, errors } of this.#reader.results.slice(this.#applied)) {
        expect(errors).toBeUndefined();
        this.#apply(Object.values(data ?? {})[0] as Message);
      }
      this.#applied = this.#reader.results.length;
      return this.last?.caughtUp === true && this.last.cursor === head;
    });
  }

  #apply(message: Message): void {
    const { reset, upserted, again, removed, gone } = message;
    if (reset) this.items.clear();
    this.isWhole ||= reset;
    expect([again.length, gone.length]).toEqual([upserted.length, removed.length]);
    for (const { key } of removed) this.items.delete(key);
    for (const [index, item] of upserted.entries()) this.items.set(item.key, { item, again: again[index] });
    if (this.isWhole && message.size !== null) {
      expect(this.items.size).toBe(message.size);
      expect(checksumOf([...this.items.values()].map(({ item }) => item as never))).toBe(message.checksum);
    }
    this.last = message;
  }

  /** In any order. */
  get contents(): string[] {
    return [...this.items.values()].map((entry) => JSON.stringify(entry)).sort();
  }
}

const FILTERS = [undefined, undefined, { keyPrefix: 'b' }, { keys: ['a', 'b/日本', 'end', 'b end'] }] as const;

const seeds = Array.from({ length: 6 }, (_, n) => n + 1);

describe.each(wires)('over $name', (wire) => {
  it.each(seeds)(
    'G6 a mirror has at `caughtUp` what it has by a generator: random documents and work, seed %i',
    async (seed) => {
      const dice = new Dice(seed);
      const twins = await startTwins({ window: dice.pick([20, 200, 10_000]), maxItems: dice.pick([30, 1000]) });
      const { map } = twins.plain;
      await work(map, dice, { commands: 80, largeOnceIn: 40 });
      const { replica } = map;
      const asked = Array.from({ length: 6 }, (): { asked: Asked; filter: (typeof FILTERS)[number] } => {
        const filter = dice.pick(FILTERS);
        const after = dice.once(3) ? replica.window.get(replica.head.position)?.cursor : undefined;
        return { asked: changesSubscription(dice, { filter, after }), filter };
      });
      const mirrors = asked.map((one) => ({
        ...one,
        mirrors: twins.both.map((server) => new SelectedMirror(wire.read(server, one.asked))),
      }));
      for (const server of twins.both) await subscribed(server, asked.length);
      for (let round = 0; round < 3; round++) {
        await work(map, dice, { commands: 40, largeOnceIn: 40 });
        // Something that every filter lets pass: an unconcerned mirror is told of a new head now and then only.
        await map.insert({ key: 'b end', value: round });
        for (const {
          mirrors: two,
          filter,
          asked: { query },
        } of mirrors) {
          for (const mirror of two) await mirror.settle(twins.plain);
          const [fanned, plain] = two;
          expect({ query, contents: fanned?.contents }).toEqual({ query, contents: plain?.contents });
          expect([fanned?.last?.size, fanned?.last?.checksum]).toEqual([plain?.last?.size, plain?.last?.checksum]);
          const held = [...replica.items.index.from(0 as never)].filter(({ key }) => passes(keyFilter(filter), key));
          if (fanned?.isWhole) expect([...fanned.items.keys()].sort()).toEqual(held.map(({ key }) => key).sort());
        }
      }
    },
  );
});
