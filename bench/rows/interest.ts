/** The cost of an insertion when each subscriber follows a filter of its own, by the number of subscribers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Followers } from '../load/followers.ts';
import { type Measure, measured, type PeerName, type RunningPeer, startPeer } from '../load/peers.ts';
import type { InterestName } from '../peers/interests.ts';
import { median, quantile } from '../quantile.ts';
import { assertDeliverySize } from './delivery-size.ts';
import type { Figure, InterestPart, RowName } from './row.ts';

export interface InterestPlan {
  readonly title: string;
  readonly peers: readonly PeerName[];
  readonly interest: InterestName;
  /** The numbers of subscriptions, ascending: those of a step stay for the next. */
  readonly steps: readonly { readonly subscribers: number; readonly perSocket?: number; readonly slices?: number }[];
  /** Insertions per second. */
  readonly rates: readonly number[];
  /** Flags of seamline. */
  readonly flags: readonly string[];
  /** The rows with goals that its last step has, at the highest rate. `growth` compares with the first step. */
  readonly rows: {
    readonly cost?: RowName;
    readonly p99?: RowName;
    readonly growth?: RowName;
    readonly memory?: RowName;
  };
}

const [FEW, MANY] = [100, 10_000];
const [SLOW, FAST] = [200, 1000];
/** Together they last longer than graphql-ws's interval of pings, 12 s, which go to all WebSockets at once. seamline spreads its own. */
const LONG_SLICES = 25;
const PLAN = {
  peers: ['seamline', 'yoga', 'mercurius', 'raw-ws'],
  rates: [FAST],
  flags: [],
  steps: [{ subscribers: FEW }, { subscribers: MANY }],
} as const;

const PLANS: Readonly<Record<InterestPart, InterestPlan>> = {
  keys: {
    ...PLAN,
    title: 'a key each',
    interest: 'keys',
    rates: [SLOW, FAST],
    steps: [{ subscribers: FEW }, { subscribers: 1000 }, { subscribers: MANY, slices: LONG_SLICES }],
    rows: { cost: 'keys', p99: 'keys p99', growth: 'keys growth', memory: 'keys memory' },
  },
  prefixes: {
    ...PLAN,
    title: 'a prefix each',
    interest: 'prefixes',
    rows: { cost: 'prefixes', growth: 'prefixes growth' },
  },
  overlapping: {
    ...PLAN,
    title: 'overlapping prefixes, four for each insertion',
    interest: 'overlapping',
    rows: { cost: 'overlapping', growth: 'overlapping growth' },
  },
  equalities: {
    ...PLAN,
    peers: ['seamline'],
    title: 'an equality on a value each',
    interest: 'equalities',
    rows: { cost: 'equalities', growth: 'equalities growth' },
  },
  sockets: {
    ...PLAN,
    peers: ['seamline', 'yoga', 'raw-ws'],
    title: 'a key each, then 100 subscriptions on each WebSocket',
    interest: 'keys',
    steps: [{ subscribers: FEW }, { subscribers: 100_000, perSocket: 100 }],
    rows: { growth: 'sockets growth' },
  },
  generators: {
    ...PLAN,
    peers: ['seamline'],
    title: 'a key each, with --no-fan-out',
    interest: 'keys',
    flags: ['--no-fan-out'],
    rows: { growth: 'generators growth' },
  },
};

export const INTEREST_PARTS = Object.keys(PLANS) as InterestPart[];

/** Quick plans have fewer subscribers, and no rows with goals. */
export function interestPlan(part: InterestPart, isQuick: boolean): InterestPlan {
  const plan = PLANS[part];
  return isQuick ? { ...plan, rates: [FAST], steps: [{ subscribers: FEW }, { subscribers: 1000 }], rows: {} } : plan;
}

/** The CPU time is the median of slices, so that a garbage collection in one of them does not decide. */
const SLICE_MS = 500;
const SLICES = 5;
/** V8 optimises the path of an insertion only after this many. */
const WARM_UP = { count: 20_000, rate: 4000 };
const SETTLE_MS = 1000;
/** A server that takes this many times the planned time, over several slices, is full. Further slices would show the same. */
const FULL = 3;

export async function interest(name: PeerName, part: InterestPart, isQuick: boolean): Promise<Figure[]> {
  const { interest, steps, rates, flags, rows } = interestPlan(part, isQuick);
  const peer = await startPeer(name, interest, ...(name === 'seamline' ? flags : []));
  const figures: Figure[] = [];
  const add = (row: Figure['row'] | undefined, value: number, measure?: Measure): void => {
    if (row !== undefined) figures.push({ row, peer: name, value, ...(measure && { measure }) });
  };
  try {
    await peer.fill(0, steps.at(-1)?.subscribers ?? 0);
    const followers = await Followers.of(peer, interest);
    let [first, joined, resident] = [0, 0, 0];
    for (const step of steps) {
      const isLast = step === steps.at(-1);
      await followers.grow(step.subscribers, step.perSocket ?? 1);
      await sleep(SETTLE_MS);
      if (rows.memory !== undefined) {
        const before = resident;
        resident = await peer.ask('resident');
        if (isLast) add(rows.memory, (resident - before) / (step.subscribers - joined) / 1000);
      }
      if (joined === 0) await followers.insert(WARM_UP.count, WARM_UP.rate);
      joined = step.subscribers;
      for (const rate of rates) {
        const slices = rate === rates.at(-1) ? step.slices : undefined;
        const { cost, p99, measure } = await costAt(peer, followers, rate, slices);
        const row = `${part}: ${joined} at ${rate}/s` as const;
        add(row, cost, measure);
        add(`${row}, p99`, p99);
        if (rate !== rates.at(-1)) continue;
        if (step === steps[0]) first = cost;
        if (!isLast) continue;
        add(rows.cost, cost);
        add(rows.p99, p99);
        add(rows.growth, cost / first);
      }
    }
    followers.leave();
    return figures;
  } finally {
    await peer.stop();
  }
}

/** CPU time of an insertion in µs, and the latency of deliveries in ms. */
async function costAt(
  peer: RunningPeer,
  followers: Followers,
  rate: number,
  slices = SLICES,
): Promise<{ cost: number; p99: number; measure: Measure | undefined }> {
  const count = (rate * SLICE_MS) / 1000;
  const [measures, latencies]: [Measure[], number[]] = [[], []];
  const startedAt = performance.now();
  // The first slice is the warm-up.
  for (let slice = 0; slice <= slices; slice++) {
    let own: number[] = [];
    const bytes = followers.bytes;
    const measure = await measured(peer, async () => {
      own = await followers.insert(count, rate);
    });
    assertDeliverySize(peer.title, (followers.bytes - bytes) / own.length);
    if (slice === 0) continue;
    measures.push(measure);
    for (const latency of own) latencies.push(latency);
    if (slice > 1 && performance.now() - startedAt > FULL * SLICE_MS * (slice + 1)) break;
  }
  const cost = median(measures.map(({ cpu }) => cpu / count)) ?? NaN;
  latencies.sort((a, b) => a - b);
  return { cost, p99: quantile(latencies, 0.99), measure: measures.toSorted((a, b) => b.loadShare - a.loadShare)[0] };
}
