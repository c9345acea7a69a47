/** What it costs to send those who join what is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from '../load/crowd.ts';
import { type Measure, measured, type PeerName, startPeer } from '../load/peers.ts';
import type { Figure } from './row.ts';

const [ITEMS, JOINERS] = [10_000, 100];
const MANY_ITEMS = 100_000;
/** As many as are measured: V8 optimises what it costs to join only by then, and the first hundred of a process stall it for twice as long. */
const WARM_UP_JOINERS = JOINERS;
const SETTLE_MS = 300;
/** All of it, from the slowest. */
const PATIENCE_SECONDS = 120;

export async function replay(name: PeerName): Promise<Figure[]> {
  const peer = await startPeer(name);
  try {
    const crowd = new Crowd(peer.port, peer.wire);
    const join = async (count: number, items: number): Promise<Measure> => {
      crowd.leave(crowd.size);
      await sleep(SETTLE_MS);
      // What filling the map has left behind isn't what joining costs: a full collection of it fell into the replay to one.
      await peer.ask('resident');
      await peer.ask('watch');
      return measured(peer, () => crowd.join(count, items, PATIENCE_SECONDS));
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
