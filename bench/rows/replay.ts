/** The cost of sending the current items to subscribers that join. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from '../load/crowd.ts';
import { type Measure, measured, type PeerName, startPeer } from '../load/peers.ts';
import type { Figure } from './row.ts';

const [ITEMS, JOINERS] = [10_000, 100];
const MANY_ITEMS = 100_000;
/** V8 optimises joining only after this many: the first hundred joins of a process stall it for twice as long. */
const WARM_UP_JOINERS = JOINERS;
const SETTLE_MS = 300;
/** Enough for the slowest server. */
const TIMEOUT_SECONDS = 120;

export async function replay(name: PeerName): Promise<Figure[]> {
  const peer = await startPeer(name);
  try {
    const crowd = new Crowd(peer.port, peer.wire);
    const join = async (count: number, items: number): Promise<Measure> => {
      crowd.leave(crowd.size);
      await sleep(SETTLE_MS);
      // Collects the garbage of filling the map, which would otherwise be collected during the replay.
      await peer.ask('resident');
      await peer.ask('watch');
      return measured(peer, () => crowd.join(count, items, TIMEOUT_SECONDS));
    };
    await peer.fill(0, ITEMS);
    await join(WARM_UP_JOINERS, ITEMS);
    const all = await join(JOINERS, ITEMS);
    const stall = await peer.ask('stall');
    await peer.fill(ITEMS, MANY_ITEMS);
    const one = await join(1, MANY_ITEMS);
    return [
      { row: 'replay', peer: name, value: (ITEMS * JOINERS) / (all.cpu / 1000), measure: all },
      { row: 'stall', peer: name, value: stall },
      { row: 'replay to one', peer: name, value: MANY_ITEMS / (one.cpu / 1000), measure: one },
    ];
  } finally {
    await peer.stop();
  }
}
