/** Thousands of mirrors with distinct filters that join at once, as after a reconnect, share the passes over the map for their first sums. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ItemChanges } from '../../../src/core/model/change.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { checksumOf } from '../../support/model/mirror.ts';
import { openMap } from '../../support/model/open-map.ts';
import { Dice } from '../../support/random/dice.ts';
import { oracleMatches } from '../../support/where/oracle.ts';

/** More than one slice looks at. */
const ITEMS = 2600;
const batch = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `k${from + n}`);

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

function clientOf(map: StreamingMap, n: number): Client {
  const where = n % 50 === 0 ? { path: '/p', gte: 1000 + n } : { path: '/p', eq: n };
  return { where, items: new Map(), messages: map.changes({ filter: { where } }), proofs: 0, cursor: '' };
}

it(
  'G6 two thousand mirrors with distinct filters that join a large map at once are proven, while it changes and some leave',
  { timeout: 300_000 },
  async () => {
    const dice = new Dice(1);
    const map = await openMap({ maxItems: 10_000 });
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
  },
);
