/** Random typed filters of random SDL files, against an interpreter of the same filters: pages, streams and mirrors over real sockets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { sse, webSocket } from '../../support/clients/readers.ts';
import { Dice } from '../../support/random/dice.ts';
import { type MadeValue, samplesOf } from '../../support/typed/made-values.ts';
import { madeWhere } from '../../support/typed/made-wheres.ts';
import {
  answerTo,
  insertAll,
  keyOf,
  mapIn,
  scenes,
  type TypedScene,
  WAYS,
  withServers,
} from '../../support/typed/served-sdl.ts';
import { TypedOracle } from '../../support/typed/typed-oracle.ts';
import { type Followed, History, ItemsWatcher, MirrorWatcher } from '../../support/typed/watchers.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=200` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 6);
const STEPS = 12;
/** Batches are larger, so that subscribers lag. */
const WINDOW = 4;

const filtered = scenes(12, 12).chain((scene) =>
  fc.record({
    scene: fc.constant(scene),
    wheres: fc.array(madeWhere(scene.sdl, scene.collection), { minLength: 4, maxLength: 4 }),
  }),
);

/** A server and the clients that follow it. */
class Watched {
  readonly server: SeamlineServer;
  readonly history: History;
  readonly mirrors: MirrorWatcher[] = [];
  readonly streams: ItemsWatcher[] = [];
  readonly #scene: TypedScene;

  constructor(server: SeamlineServer, scene: TypedScene) {
    this.server = server;
    this.#scene = scene;
    this.history = new History(scene.collection);
  }

  get clients() {
    return [...this.mirrors, ...this.streams];
  }

  follow(where: unknown, matches: Followed['matches']): void {
    const followed = { server: this.server, history: this.history, where, matches };
    this.mirrors.push(
      new MirrorWatcher({ ...followed, wire: webSocket }),
      new MirrorWatcher({ ...followed, wire: sse }),
    );
    this.streams.push(new ItemsWatcher({ ...followed, wire: webSocket }), new ItemsWatcher({ ...followed, wire: sse }));
  }

  async insert(way: (typeof WAYS)[number], values: readonly MadeValue[]): Promise<void> {
    // Before, because messages may come before the answer.
    for (const { stored } of values) this.history.insert(stored);
    await insertAll(this.server, this.#scene, way, values);
  }

  async remove(key: string): Promise<void> {
    const { name, key: field } = this.history.collection;
    const isThere = this.history.remove(key);
    const literal = field.type === 'Int' ? key : JSON.stringify(key);
    const { data, errors } = await answerTo(this.server, {
      query: `mutation { gone: remove${name}(${field.name}: ${literal}) { key } }`,
    });
    expect(errors).toBeUndefined();
    expect(data).toEqual({ gone: isThere ? { key } : null });
  }

  /** Inserts items that live for a second, and resolves when they are gone. */
  async expire(values: readonly MadeValue[]): Promise<void> {
    const { name, plural } = this.history.collection;
    const many = `insert${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
    const query = `mutation ($inputs: [${name}Input!]!) { ${many}(inputs: $inputs, ttl: 1) { cursor } }`;
    const byKey = new Map(values.map((value) => [keyOf(this.history.collection, value.stored), value]));
    const unique = [...byKey.values()];
    for (const { stored } of unique) this.history.insert(stored);
    const { errors } = await answerTo(this.server, { query, variables: { inputs: unique.map(({ sent }) => sent) } });
    expect(errors).toBeUndefined();
    for (const client of this.clients) client.pull();
    this.history.expire([...byKey.keys()]);
  }

  async rest(): Promise<void> {
    for (const client of this.clients) await client.rest();
    expect(mapIn(this.server, this.history.collection).replica.head.position).toBe(this.history.head);
  }

  /** All pages of a filter, against the current items. */
  async page(where: unknown, matches: Followed['matches'], first: number): Promise<void> {
    const { plural, name, key } = this.history.collection;
    const query = `query ($after: String, $filter: ${name}Filter) { page: ${plural}(first: ${first}, after: $after, filter: $filter) { edges { node { k: ${key.name} } } pageInfo { hasNextPage endCursor } } }`;
    const keys: string[] = [];
    for (let after: string | null | undefined, isMore = true; isMore;) {
      const { data, errors } = await answerTo(this.server, { query, variables: { after, filter: { where } } });
      expect(errors).toBeUndefined();
      const { page } = data as {
        page: {
          edges: { node: { k: string | number } }[];
          pageInfo: { hasNextPage: boolean; endCursor: string | null };
        };
      };
      const { edges, pageInfo } = page;
      keys.push(...edges.map(({ node }) => String(node.k)));
      [after, isMore] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    const matching = [...this.history.current].filter(([, { stored }]) => matches(stored));
    expect(keys).toEqual(matching.sort(([, a], [, b]) => a.position - b.position).map(([each]) => each));
  }
}

describe('random typed filters', () => {
  it(
    'pages, streams and mirrors hold what an interpreter of the filter says, through cuts, lag, removals and expiry, with and without the fan-out',
    async () => {
      const counts = { matching: 0, messages: 0 };
      await fc.assert(
        fc.asyncProperty(filtered, async ({ scene, wheres }) => {
          const { sdl, collection, values, seed } = scene;
          const dice = new Dice(seed);
          const normal = (name: string, operand: unknown): unknown =>
            samplesOf(sdl, name).find(({ sent }) => sent === operand)?.stored;
          const oracle = new TypedOracle(sdl, normal);
          await withServers(
            sdl,
            [
              { fanOut: true, window: WINDOW },
              { fanOut: false, window: WINDOW },
            ],
            async (servers) => {
              const all = servers.map((server) => new Watched(server, scene));
              const good: [unknown, Followed['matches']][] = [];
              for (const where of wheres) {
                const query = `query ($filter: ${collection.name}Filter) { ${collection.plural}(filter: $filter) { cursor } }`;
                const { errors } = await answerTo(servers[0]!, { query, variables: { filter: { where } } });
                if (errors?.[0]?.message.includes('first 64 operators')) continue;
                expect(errors).toBeUndefined();
                good.push([where, (stored) => oracle.matches(collection, where, stored)]);
              }
              for (const each of all) {
                each.follow(undefined, () => true);
                for (const [where, matches] of good) each.follow(where, matches);
                for (const client of each.clients) client.open();
              }
              for (let step = 0; step < STEPS; step++) {
                const kind = dice.below(8);
                const some = Array.from({ length: 1 + dice.below(kind === 0 ? 4 * WINDOW : 3) }, () =>
                  dice.pick(values),
                );
                const way = kind === 0 ? 'batch by variables' : dice.pick(WAYS);
                const { stored } = dice.pick(values);
                const cuts = dice.below(4);
                for (const each of all) {
                  if (kind < 6) await each.insert(way, some);
                  else await each.remove(keyOf(collection, stored));
                  each.clients.forEach((client, index) => index % 4 === cuts && client.open());
                }
                if (dice.once(3)) for (const each of all) await each.rest();
              }
              for (const each of all) {
                await each.rest();
                for (const [where, matches] of good) await each.page(where, matches, dice.pick([1, 3, 100]));
                counts.matching += good.filter(([, matches]) => values.some(({ stored }) => matches(stored))).length;
              }
              await Promise.all(all.map((each) => each.expire(values.slice(0, 3))));
              for (const each of all) {
                await each.rest();
                for (const client of each.clients) client.leave();
                for (const { messages } of each.mirrors) {
                  counts.messages += messages;
                }
              }
            },
          );
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
      expect(counts.matching).toBeGreaterThan(RUNS);
      expect(counts.messages).toBeGreaterThan(RUNS * 30);
    },
    60_000 + RUNS * 10_000,
  );
});
