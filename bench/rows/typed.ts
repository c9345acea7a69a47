/** What the collection of an SDL file costs, against `Item`: deliveries and insertions of the same values. For seamline only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller, INSERT, INSERT_MANY, type Operation, postFor } from '../load/caller.ts';
import { Crowd } from '../load/crowd.ts';
import { measured, type RunningPeer, startPeer } from '../load/peers.ts';
import { greetingWith } from '../load/wire.ts';
import { keyOf, PADDING } from '../peers/peer.ts';
import { median } from '../quantile.ts';
import { deliver } from './fan-out.ts';
import { costOf } from './inserts.ts';
import type { Figure, RowName } from './row.ts';

const SUBSCRIBERS = 1000;
const KEYS = 100;
const BATCH = 500;
const [IN_FLIGHT, BATCHES_IN_FLIGHT, CONNECTIONS] = [64, 2, 16];
/** Slices of both servers alternate, so that a drift of the machine changes both alike. */
const TURNS = 10;
const SLICE_MS = 400;
const WARM_UP_MS = 3000;

/** The documents and inputs of one kind of collection. */
interface Kind {
  readonly flags: readonly string[];
  readonly subscription: string;
  readonly insert: string;
  readonly insertMany: string;
  readonly inputOf: (n: number) => object;
}

const fieldsOf = (n: number): object => ({ price: (n % 1000) / 4, venue: n % 2 === 0 ? 'NYSE' : 'LSE', text: PADDING });
const KINDS: readonly [typed: Kind, item: Kind] = [
  {
    flags: ['--schema', 'bench/peers/quotes.graphql'],
    subscription: 'subscription { quotes { symbol price venue text timestamp cursor } }',
    insert: 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { cursor } }',
    insertMany: 'mutation ($inputs: [QuoteInput!]!) { insertQuotes(inputs: $inputs) { cursor } }',
    inputOf: (n) => ({ symbol: keyOf(n % KEYS), ...fieldsOf(n) }),
  },
  {
    flags: [],
    subscription: 'subscription { items { key value timestamp cursor } }',
    insert: INSERT,
    insertMany: INSERT_MANY,
    inputOf: (n) => ({ key: keyOf(n % KEYS), value: fieldsOf(n) }),
  },
];

/** A running server with clients. */
interface Bench {
  readonly peer: RunningPeer;
  readonly kind: Kind;
  readonly caller: Caller;
  readonly crowd: Crowd;
}

/** CPU time in µs of a delivery, or of the insertion of an item, measured for so many ms. */
type Cost = (bench: Bench, ms: number) => Promise<number>;

const one =
  ({ insert, inputOf }: Kind) =>
  (n: number): Operation => ({ query: insert, variables: { input: inputOf(n) } });
const batch =
  ({ insertMany, inputOf }: Kind) =>
  (n: number): Operation => ({
    query: insertMany,
    variables: { inputs: Array.from({ length: BATCH }, (_, m) => inputOf(n * BATCH + m)) },
  });

const INSERTIONS: readonly (readonly [RowName, Cost])[] = [
  ['typed inserts', insertions(1, ({ caller, kind }, ms) => caller.callFor(ms, IN_FLIGHT, one(kind)))],
  ['typed http', insertions(1, ({ peer, kind }, ms) => postFor(ms, peer.port, CONNECTIONS, one(kind)))],
  ['typed batches', insertions(BATCH, ({ caller, kind }, ms) => caller.callFor(ms, BATCHES_IN_FLIGHT, batch(kind)))],
];
const DELIVERIES: readonly (readonly [RowName, Cost])[] = [
  ['typed in flight', deliveries(8)],
  ['typed at a time', deliveries(1)],
];

function insertions(items: number, call: (bench: Bench, ms: number) => Promise<number>): Cost {
  return async (bench, ms) => (await costOf(bench.peer, items, () => call(bench, ms))).value;
}

function deliveries(inFlight: number): Cost {
  return async ({ peer, kind, caller, crowd }, ms) => {
    const insertion = one(kind);
    let count = 0;
    const { cpu } = await measured(peer, async () => {
      count = await deliver(crowd, caller, inFlight, ms, (n) => caller.call(insertion(n)));
    });
    return cpu / count;
  };
}

/** How many times the CPU time of `Item` a typed collection takes. */
export async function typed(): Promise<Figure[]> {
  const peers: RunningPeer[] = [];
  try {
    const benches: Bench[] = [];
    for (const kind of KINDS) {
      const peer = await startPeer('seamline', ...kind.flags);
      peers.push(peer);
      const greeting = greetingWith(peer.wire, [{}], kind.subscription);
      benches.push({
        peer,
        kind,
        caller: await Caller.open(peer),
        crowd: new Crowd(peer.port, peer.wire, () => greeting),
      });
    }
    const figures: Figure[] = [];
    for (const [row, cost] of INSERTIONS) figures.push(await ratio(row, cost, benches));
    for (const { caller, kind, crowd } of benches) {
      // A subscriber has joined with its first delivery.
      caller.call(one(kind)(0));
      await crowd.join(SUBSCRIBERS);
    }
    await sleep(SLICE_MS);
    for (const [row, cost] of DELIVERIES) figures.push(await ratio(row, cost, benches));
    return figures;
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

async function ratio(row: RowName, cost: Cost, benches: readonly Bench[]): Promise<Figure> {
  for (const bench of benches) await cost(bench, WARM_UP_MS);
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    // The other one is first in each turn.
    const costs = new Map<Bench, number>();
    for (const bench of turn % 2 === 0 ? benches : benches.toReversed()) costs.set(bench, await cost(bench, SLICE_MS));
    const [ofTyped = NaN, ofItem = NaN] = benches.map((bench) => costs.get(bench));
    ratios.push(ofTyped / ofItem);
  }
  return { row, peer: 'seamline', value: median(ratios) ?? NaN };
}
