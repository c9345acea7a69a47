/** The cost of an insertion and of joining by the size of the map, for seamline only. */
import { Caller } from '../load/caller.ts';
import { startPeer } from '../load/peers.ts';
import { costOf, insertion } from './inserts.ts';
import type { Pace } from './row.ts';

const SIZES = [1000, 10_000, 100_000, 1_000_000];
const IN_FLIGHT = 64;
const JOINS_IN_FLIGHT = 16;
const JOIN = { query: 'subscription { items(limit: 1) { key value timestamp cursor } }' };

export interface SizeCost {
  readonly items: number;
  /** CPU time in µs. */
  readonly insert: number;
  readonly join: number;
}

export async function sizeCosts({ ms, warmUpMs }: Pace): Promise<SizeCost[]> {
  const peer = await startPeer('seamline', '--max-items', String(SIZES.at(-1)));
  const costs: SizeCost[] = [];
  try {
    const caller = await Caller.open(peer);
    let filled = 0;
    for (const items of SIZES) {
      filled = await peer.fill(filled, items);
      // The factor spreads the keys over the map.
      const insert = (time: number): Promise<number> =>
        caller.callFor(time, IN_FLIGHT, (n) => insertion((n * 7919) % items));
      const join = (time: number): Promise<number> => caller.callFor(time, JOINS_IN_FLIGHT, () => JOIN);
      await insert(warmUpMs);
      const { value: insertCost } = await costOf(peer, 1, () => insert(ms));
      await join(warmUpMs);
      const { value: joinCost } = await costOf(peer, 1, () => join(ms));
      costs.push({ items, insert: insertCost, join: joinCost });
    }
    return costs;
  } finally {
    await peer.stop();
  }
}
