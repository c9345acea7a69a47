/** The cost of a delivery to 5,000 subscribers down to one, and of an idle subscriber. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../load/caller.ts';
import { Crowd } from '../load/crowd.ts';
import { measured, type PeerName, startPeer } from '../load/peers.ts';
import { keyOf, valueOf } from '../peers/peer.ts';
import { assertDeliverySize } from './delivery-size.ts';
import type { Figure, Pace } from './row.ts';

const [FEW, MANY] = [1000, 5000];
/** Few keys keep the map small. */
const KEYS = 100;
/** Time for the server to release subscribers that have left. */
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
      assertDeliverySize(peer.title, size);
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
 * Inserts for `ms` and keeps `inFlight` insertions on their way: the next one is sent once one has reached every subscriber. Resolves with
 * the number of deliveries once all have arrived; rejects when some are missing.
 */
export async function deliver(
  crowd: Crowd,
  publisher: Caller,
  inFlight: number,
  ms: number,
  insertAt: (n: number) => void = (n) => publisher.insert(keyOf(n % KEYS), valueOf(n)),
): Promise<number> {
  crowd.restart();
  let [sent, complete] = [0, 0];
  const delivered = crowd.until(60, (done) => {
    const insert = (): void => insertAt(sent++);
    // One counter for each insertion that may be in flight.
    const missing = Array.from({ length: inFlight }, () => crowd.size);
    const endsAt = performance.now() + ms;
    while (sent < inFlight) insert();
    return (ordinal) => {
      const place = (ordinal - 1) % inFlight;
      // The index is a remainder, so the element exists.
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
