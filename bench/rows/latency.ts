/** The latency of insertions to 1,000 subscribers, at 50 insertions per second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../load/caller.ts';
import { Crowd } from '../load/crowd.ts';
import { measured, type PeerName, startPeer } from '../load/peers.ts';
import { keyOf, valueOf } from '../peers/peer.ts';
import { quantile } from '../quantile.ts';
import type { Figure } from './row.ts';

const SUBSCRIBERS = 1000;
const EVERY_MS = 20;
const KEYS = 100;
const SETTLE_MS = 500;
const WARM_UP = 50;

export async function latency(name: PeerName, seconds: number): Promise<Figure[]> {
  const peer = await startPeer(name);
  try {
    await peer.fill(0, 1);
    const crowd = new Crowd(peer.port, peer.wire);
    const publisher = await Caller.open(peer);
    await crowd.join(SUBSCRIBERS);
    await sleep(SETTLE_MS);
    await insertSteadily(crowd, publisher, WARM_UP);
    let latencies = new Float64Array();
    const measure = await measured(peer, async () => {
      latencies = await insertSteadily(crowd, publisher, (seconds * 1000) / EVERY_MS);
    });
    const sorted = Array.from(latencies.toSorted());
    return [
      { row: 'latency p50', peer: name, value: quantile(sorted, 0.5), measure },
      { row: 'latency p99', peer: name, value: quantile(sorted, 0.99) },
    ];
  } finally {
    await peer.stop();
  }
}

/** Inserts at a steady rate. Resolves with the latency of each delivery in ms; rejects when one is missing. */
async function insertSteadily(crowd: Crowd, publisher: Caller, count: number): Promise<Float64Array<ArrayBuffer>> {
  crowd.restart();
  const sentAt: number[] = [];
  const latencies = new Float64Array(count * crowd.size);
  let delivered = 0;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    // Latency counts from the planned time, so that a latencies load client shows.
    for (; sentAt.length < count && startedAt + sentAt.length * EVERY_MS <= performance.now();) {
      publisher.insert(keyOf(sentAt.length % KEYS), valueOf(sentAt.length));
      sentAt.push(startedAt + sentAt.length * EVERY_MS);
    }
  }, 1);
  try {
    const all = crowd.until(60, (done) => (ordinal) => {
      latencies[delivered++] = performance.now() - (sentAt[ordinal - 1] ?? NaN);
      if (delivered === latencies.length) done();
    });
    await Promise.race([all, publisher.failure]);
  } finally {
    clearInterval(timer);
  }
  return latencies;
}
