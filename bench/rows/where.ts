/** The cost of filters on values that no index finds, and of messages to mirrors with such filters. For seamline only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller, INSERT, type Operation } from '../load/caller.ts';
import { Crowd } from '../load/crowd.ts';
import { type Measure, measured, type RunningPeer, startPeer } from '../load/peers.ts';
import { greetingWith } from '../load/wire.ts';
import type { Filter } from '../peers/interests.ts';
import { keyOf, PADDING } from '../peers/peer.ts';
import { median } from '../quantile.ts';
import { deliver } from './fan-out.ts';
import { costOf } from './inserts.ts';
import type { Figure, Pace, RowName } from './row.ts';

const RANGES = 1000;
const IN_FLIGHT = 64;
/** Few keys keep the map small, and most insertions supersede an item. */
const KEYS = 100;
/** V8 optimises the path of an insertion and the tests of the filters only after this time. */
const WARM_UP_MS = 3000;
const SETTLE_MS = 1000;

const valueAt = (n: number): object => ({ price: n % 1000, owner: 'one', text: PADDING });
/** Each is above every price but that of the first item, so that subscribers get nothing but that. */
const rangeOf = (n: number): Filter => ({ where: { path: '/price', gt: 10_000 + n } });
const FIRST = { key: 'first', value: { price: 1_000_000 } };

const insertion = (key: string, value: unknown): Operation => ({ query: INSERT, variables: { input: { key, value } } });

/** CPU time per insertion and filter: with filters that each insertion is tested with, less that without any. */
export async function ranges({ ms }: Pace): Promise<Figure[]> {
  const peer = await startPeer('seamline');
  try {
    const caller = await Caller.open(peer);
    const insert = (time: number): Promise<number> =>
      caller.callFor(time, IN_FLIGHT, (n) => insertion(keyOf(n % KEYS), valueAt(n)));
    caller.insert(FIRST.key, FIRST.value);
    await insert(WARM_UP_MS);
    const { value: without } = await costOf(peer, 1, () => insert(ms));
    const crowd = new Crowd(peer.port, peer.wire, (n) => greetingWith(peer.wire, [rangeOf(n)]));
    await crowd.join(RANGES);
    await sleep(SETTLE_MS);
    await insert(WARM_UP_MS);
    const { value: withRanges, measure } = await costOf(peer, 1, () => insert(ms));
    crowd.leave(RANGES);
    const value = (withRanges - without) / RANGES;
    return [{ row: 'ranges', peer: 'seamline', value, ...(measure && { measure }) }];
  } finally {
    await peer.stop();
  }
}

const MIRROR = `subscription ($filter: ItemFilter) {
  itemChanges(filter: $filter) { reset upserted { key value timestamp cursor } removed { key reason } caughtUp cursor size checksum }
}`;
/** All of them select everything, so their messages are the same. */
const FILTERS: Readonly<Record<'none' | 'equality' | 'range', Filter>> = {
  none: {},
  equality: { where: { path: '/owner', eq: 'one' } },
  range: { where: { path: '/price', gte: 0 } },
};
/** Slices of all kinds alternate, so that a drift of the machine changes all of them alike. */
const TURNS = 30;
const SLICE_MS = 300;

/** CPU time of an insertion and its one message to a mirror: with a filter on values, against that without. */
export async function filtered(): Promise<Figure[]> {
  const peer = await startPeer('seamline');
  try {
    const publisher = await Caller.open(peer);
    const kinds = ['none', 'equality', 'range'] as const;
    const costs = { none: [] as number[], equality: [] as number[], range: [] as number[] };
    for (const kind of kinds) await messages(peer, publisher, FILTERS[kind], WARM_UP_MS);
    for (let turn = 0; turn < TURNS; turn++) {
      // Another kind is first in each turn.
      const first = turn % kinds.length;
      for (const kind of [...kinds.slice(first), ...kinds.slice(0, first)])
        costs[kind].push(await messages(peer, publisher, FILTERS[kind], SLICE_MS));
    }
    const figure = (row: RowName, kind: 'equality' | 'range'): Figure => {
      const ratios = costs[kind].map((cost, turn) => cost / (costs.none[turn] ?? NaN));
      return { row, peer: 'seamline', value: median(ratios) ?? NaN };
    };
    return [figure('filtered by equality', 'equality'), figure('filtered by range', 'range')];
  } finally {
    await peer.stop();
  }
}

/** CPU time per message in µs. */
async function messages(peer: RunningPeer, publisher: Caller, filter: Filter, ms: number): Promise<number> {
  const crowd = new Crowd(peer.port, peer.wire, () => greetingWith(peer.wire, [filter], MIRROR));
  await crowd.join(1);
  await sleep(100);
  let count = 0;
  const measure: Measure = await measured(peer, async () => {
    count = await deliver(crowd, publisher, 1, ms, (n) => publisher.insert(keyOf(n % KEYS), valueAt(n)));
  });
  crowd.leave(1);
  return measure.cpu / count;
}
