/** What a delivery costs, from 5,000 subscribers down to one, and what a subscriber does that gets nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../load/caller.ts';
import { Crowd } from '../load/crowd.ts';
import { measured, type PeerName, startPeer } from '../load/peers.ts';
import { keyOf, valueOf } from '../peers/peer.ts';
import type { Figure, Pace } from './row.ts';

const [FEW, MANY] = [1000, 5000];
/** A hundred keys, so that the map stays small. */
const KEYS = 100;
/** Every server's delivery, give or take what its framing differs by. */
const [SHORTEST, LONGEST] = [240, 300];
/** For those who have left to be forgotten. */
const SETTLE_MS = 500;

export async function fanOut(name: PeerName, { ms, warmUpMs }: Pace): Promise<Figure[]> {
  const peer = await startPeer(name);
  const figures: Figure[] = [];
  try {
    await peer.fill(0, 1);
    const crowd = new Crowd(peer.port, peer.wire);
    const publisher = await Caller.open(peer);
    const measure = async (row: Figure['row'], inFlight: number, time: number): Promise<void> => {
      await sleep(SETTLE_MS);
      await deliver(crowd, publisher, inFlight, warmUpMs);
      const bytes = crowd.bytes;
      let deliveries = 0;
      const measure = await measured(peer, async () => {
        deliveries = await deliver(crowd, publisher, inFlight, time);
      });
      const size = (crowd.bytes - bytes) / deliveries;
      if (size < SHORTEST || size > LONGEST) throw new Error(`${peer.title}'s deliveries have ${size} bytes`);
      figures.push({ row, peer: name, value: measure.cpu / deliveries, measure });
      figures.push({ row: 'size', peer: name, value: size });
    };
    await crowd.join(FEW);
    await sleep(SETTLE_MS);
    const before = await peer.ask('resident');
    await crowd.join(MANY - FEW);
    await sleep(SETTLE_MS);
    const bytes = (await peer.ask('resident')) - before;
    figures.push({ row: 'memory', peer: name, value: bytes / (MANY - FEW) / 1000 });

    await measure('five thousand', 4, ms);
    crowd.leave(MANY - FEW);
    await measure('one at a time', 1, ms);
    await measure('eight in flight', 8, ms);
    for (const count of [100, 10, 1]) {
      crowd.leave(crowd.size - count);
      await measure(`${count} subscribers`, 8, ms / 2);
    }
    return figures;
  } finally {
    await peer.stop();
  }
}

/**
 * Inserts for so long, and keeps so many insertions on their way: each next one goes out once one has come to everybody. Resolves with
 * the number of deliveries, when all are there; rejects when they don't come.
 */
async function deliver(crowd: Crowd, publisher: Caller, inFlight: number, ms: number): Promise<number> {
  crowd.restart();
  let [sent, complete] = [0, 0];
  const delivered = crowd.until(60, (done) => {
    const insert = (): void => publisher.insert(keyOf(sent % KEYS), valueOf(sent++));
    // A round has one place for each that may be on its way.
    const missing = Array.from({ length: inFlight }, () => crowd.size);
    const endsAt = performance.now() + ms;
    while (sent < inFlight) insert();
    return (ordinal) => {
      const place = (ordinal - 1) % inFlight;
      // The place is there: it is a remainder.
      if (--missing[place]! > 0) return;
      missing[place] = crowd.size;
      complete++;
      if (performance.now() < endsAt) insert();
      else if (complete === sent) done();
    };
  });
  await Promise.race([delivered, publisher.failure]);
  return sent * crowd.size;
}
