/** The cost of an insertion without subscribers: over a WebSocket, over HTTP, and in batches. */
import { Caller, INSERT, INSERT_MANY, type Operation, postFor } from '../load/caller.ts';
import { measured, type PeerName, type RunningPeer, startPeer } from '../load/peers.ts';
import { keyOf, valueOf } from '../peers/peer.ts';
import type { Figure, Pace, RowName } from './row.ts';

const IN_FLIGHT = 64;
const CONNECTIONS = 16;
const BATCH = 500;
const BATCHES_IN_FLIGHT = 2;
const KEYS = 10_000;
/**
 * Each row runs another code path, which V8 optimises after some thousands of calls. Until then a call costs up to twice as much.
 */
const WARM_UP_MS = 2000;
const WARM_UP_ITEMS = 20_000;

const inputOf = (n: number): object => ({ key: keyOf(n % KEYS), value: valueOf(n) });
export const insertion = (n: number): Operation => ({ query: INSERT, variables: { input: inputOf(n) } });
const batch = (n: number): Operation => ({
  query: INSERT_MANY,
  variables: { inputs: Array.from({ length: BATCH }, (_, m) => inputOf(n * BATCH + m)) },
});

export async function inserts(name: PeerName, { ms }: Pace): Promise<Figure[]> {
  const peer = await startPeer(name);
  try {
    const caller = await Caller.open(peer);
    const cost = async (row: RowName, items: number, call: (ms: number) => Promise<number>): Promise<Figure> => {
      for (let count = 0; count < WARM_UP_ITEMS;) count += (await call(WARM_UP_MS)) * items;
      return { row, peer: name, ...(await costOf(peer, items, () => call(ms))) };
    };
    return [
      await cost('inserts', 1, (ms) => caller.callFor(ms, IN_FLIGHT, insertion)),
      await cost('batches', BATCH, (ms) => caller.callFor(ms, BATCHES_IN_FLIGHT, batch)),
      ...(peer.hasHttp ? [await cost('http', 1, (ms) => postFor(ms, peer.port, CONNECTIONS, insertion))] : []),
    ];
  } finally {
    await peer.stop();
  }
}

/** CPU time per item in µs. */
export async function costOf(
  peer: RunningPeer,
  items: number,
  call: () => Promise<number>,
): Promise<Pick<Figure, 'value' | 'measure'>> {
  let count = 0;
  const measure = await measured(peer, async () => {
    count = await call();
  });
  return { value: measure.cpu / (count * items), measure };
}
