/** G6: the first size and checksum of what matches takes several slices in a large map, and no message is `caughtUp` before they are known. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ItemChanges } from '../../../src/core/model/change.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { Doors } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { MirrorMember } from '../../support/interest/mirror-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';
import { checksumOf } from '../../support/model/mirror.ts';
import { openMap } from '../../support/model/open-map.ts';
import { Dice } from '../../support/random/dice.ts';
import { oracleMatches } from '../../support/where/oracle.ts';

/** More than one slice looks at. */
const ITEMS = 2600;
const batch = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `k${from + n}`);
const FILTERS = [
  givenFilter({ where: { path: '/p', eq: 1 } }),
  givenFilter({ where: { path: '/p', gt: 94 } }),
  givenFilter({ where: { path: '/p', eq: -1 } }),
  givenFilter({ keyPrefix: 'k1' }),
  givenFilter({ keyPrefix: 'k1', where: { not: { path: '/p', lt: 50 } } }),
];

/** What happens while the sum of a map with keys k0 to k2599 is computed. */
const EVENTS: readonly (readonly [string, (scene: Scene) => void])[] = [
  ['nothing', () => {}],
  [
    'an item that is counted already changes',
    (scene) => scene.put(['k0', { p: 1 }], ['k1', { p: 99 }], ['k100', { p: -1 }]),
  ],
  ['an item that is counted already is removed', (scene) => ['k1', 'k101', 'k95'].forEach((key) => scene.remove(key))],
  ['an item that is counted later changes', (scene) => scene.put(['k2501', { p: 95 }], ['k2595', { p: 1 }])],
  [
    'an item that is counted later is removed',
    (scene) => ['k2501', 'k2595', 'k2599'].forEach((key) => scene.remove(key)),
  ],
  [
    'items come and go',
    (scene) => [scene.put(['k1new', { p: 99 }]), scene.remove('k1new'), scene.put(['k1new', { p: 1 }])],
  ],
];

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  it.each(EVENTS)(
    'G6 a mirror of a large map is caught up once its sum is known; meanwhile: %s',
    async (_what, happen) => {
      fakeClock(0.05);
      const scene = await Scene.open(new Doors(), {
        isFanned,
        isSliced: true,
        maxItems: 10_000,
        window: 10_000,
        valueOf: (n) => ({ p: n % 100 }),
      });
      for (let from = 0; from < ITEMS; from += 650) scene.insert(...batch(from, 650));
      await scene.rest();
      const mirrors: MirrorMember[] = [];
      for (let n = 0; n < 3; n++) {
        for (const filter of FILTERS) {
          const member = scene.join({ kind: 'changes', filter, selection: n === 1 ? 1 : 0 });
          if (member instanceof MirrorMember) mirrors.push(member);
        }
        if (n === 0) mirrors[1]?.leave();
        // In the middle of the passes.
        for (let turns = 0; turns < 2; turns++) await turn();
        happen(scene);
      }
      await scene.rest();
      scene.check();
      for (const { messages, isOver } of mirrors) {
        if (isOver) continue;
        // One resets, and once a mirror has caught up it stays so unless it lacks something.
        expect(messages[0]?.reset).toBe(true);
        expect(messages.at(-1)?.caughtUp).toBe(true);
      }
      expect(mirrors.some(({ messages }) => messages[0]?.caughtUp === false)).toBe(true);
      scene.put(['k7', { p: 1 }], ['k8', { p: 99 }], ['k9', { p: -1 }]);
      await scene.rest();
      scene.check();
      await scene.end();
    },
  );
});

interface Client {
  readonly where: { readonly path: string; readonly eq?: number; readonly gte?: number };
  readonly items: Map<string, { readonly key: string; readonly cursor: string }>;
  readonly messages: AsyncGenerator<ItemChanges<unknown>, void, void>;
  proofs: number;
  cursor: string;
}

async function follow(client: Client): Promise<void> {
  for await (const { reset, upserted, removed, caughtUp, size, checksum, cursor } of client.messages) {
    const { items } = client;
    if (reset) items.clear();
    for (const { key } of removed) items.delete(key);
    for (const item of upserted) items.set(item.key, { key: item.key, cursor: item.cursor });
    client.cursor = cursor;
    if (caughtUp !== (size !== null)) throw new Error('caught up without a proof');
    if (!caughtUp) continue;
    client.proofs++;
    const proof = `${items.size} ${checksumOf([...items.values()])}`;
    if (proof !== `${size} ${checksum}`)
      throw new Error(`${JSON.stringify(client.where)}: ${proof}, not ${size} ${checksum}`);
  }
}

function clientOf(map: StreamingMap<unknown>, n: number): Client {
  const where = n % 50 === 0 ? { path: '/p', gte: 1000 + n } : { path: '/p', eq: n };
  return { where, items: new Map(), messages: map.changes({ filter: { where } }), proofs: 0, cursor: '' };
}

it('G6 two thousand mirrors with distinct filters that join a large map at once are proven, while it changes and some leave', async () => {
  const dice = new Dice(1);
  const map = await openMap<unknown>({ maxItems: 10_000 });
  const input = (key: string) => ({ key, value: { p: dice.below(2000) } });
  for (let from = 0; from < ITEMS; from += 650) await map.insertMany(batch(from, 650).map(input));
  const clients = Array.from({ length: 2000 }, (_, n) => clientOf(map, n));
  const following = clients.map(follow);
  for (let n = 0; n < 60; n++) {
    const key = `k${dice.below(ITEMS)}`;
    await (dice.once(4) ? map.remove(key) : map.insert(input(key)));
    await turn();
    if (n % 10 === 5) await clients[n * 7]?.messages.return();
  }
  // The last change concerns each of them.
  await map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `last ${n}`, value: { p: n } })));
  await map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `last ${n + 1000}`, value: { p: n + 1000 } })));
  const staying = clients.filter((_, n) => n % 70 !== 35 || n > 385);
  const truth = new Map<string, number>();
  const items = [...map.replica.items.index.from(0 as never)];
  for (let isOver = false; !isOver;) {
    await turn();
    isOver = staying.every(({ items: mine, where, proofs }) => {
      const name = JSON.stringify(where);
      const count = truth.get(name) ?? items.filter((item) => oracleMatches(item.value, where)).length;
      truth.set(name, count);
      return proofs > 0 && mine.size === count;
    });
  }
  for (const { messages } of clients) await messages.return();
  await Promise.all(following);
  expect(staying.length).toBeGreaterThan(1990);
});
