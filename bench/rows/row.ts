/** The rows of the benchmark, with their goals. */
import type { Measure, PeerName } from '../load/peers.ts';
import type { InterestName } from '../peers/interests.ts';

export interface Row {
  readonly title: string;
  readonly unit: string;
  /** How many times better than a peer seamline should be. For `share`: the largest share of the peer's figure that it should need. */
  readonly goals: Partial<Record<PeerName, number>>;
  readonly better: 'less' | 'more' | 'share';
  /** The goal for seamline's own figure. */
  readonly atMost?: number;
}

export const ROWS = {
  'eight in flight': {
    title: '1,000 subscribers, 8 events in flight',
    unit: 'µs CPU per delivery',
    goals: { yoga: 15, mercurius: 12, 'raw-ws': 4 },
    better: 'less',
  },
  'one at a time': {
    title: '1,000 subscribers, one event at a time',
    unit: 'µs CPU per delivery',
    goals: { yoga: 3, mercurius: 2.5, 'raw-ws': 0.9 },
    better: 'less',
  },
  'five thousand': {
    title: '5,000 subscribers, 4 in flight',
    unit: 'µs CPU per delivery',
    goals: { yoga: 10, mercurius: 9, 'raw-ws': 3 },
    better: 'less',
  },
  replay: {
    title: 'replay of 10,000 items to 100 at once',
    unit: 'items per CPU ms',
    goals: { yoga: 30, mercurius: 30, 'raw-ws': 12 },
    better: 'more',
  },
  'replay to one': {
    title: 'replay of 100,000 items to one',
    unit: 'items per CPU ms',
    goals: { yoga: 8, mercurius: 8, 'raw-ws': 3 },
    better: 'more',
  },
  memory: {
    title: 'memory per idle subscriber',
    unit: 'KB',
    goals: { yoga: 0.45, mercurius: 0.15, 'raw-ws': 1.3 },
    better: 'share',
  },
  inserts: {
    title: 'inserts over one socket, 64 in flight',
    unit: 'µs CPU per insert',
    goals: { yoga: 3 },
    better: 'less',
  },
  http: {
    title: 'inserts over HTTP, 16 connections',
    unit: 'µs CPU per insert',
    goals: { yoga: 3, mercurius: 1 },
    better: 'less',
  },
  batches: {
    title: 'inserts in batches of 500, over one socket',
    unit: 'µs CPU per item',
    goals: {},
    better: 'less',
  },
  stall: {
    title: 'longest stall in a replay of 10,000 items to 100',
    unit: 'ms',
    goals: {},
    better: 'less',
    atMost: 25,
  },
  size: { title: 'a delivery, on the wire', unit: 'bytes', goals: {}, better: 'less' },
  'latency p50': {
    title: '50/s to 1,000 subscribers: insert to delivery, p50',
    unit: 'ms',
    goals: {},
    better: 'less',
    atMost: 12,
  },
  'latency p99': {
    title: '50/s to 1,000 subscribers: insert to delivery, p99',
    unit: 'ms',
    goals: {},
    better: 'less',
    atMost: 30,
  },
  keys: {
    title: '10,000 subscribers, a key each, 1,000/s',
    unit: 'µs CPU per insertion',
    goals: { yoga: 2 },
    better: 'less',
  },
  'keys growth': {
    title: 'an insertion with 10,000 keys, against 100',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.25,
  },
  'keys p99': {
    title: '10,000 subscribers, a key each, 1,000/s: p99',
    unit: 'ms',
    goals: { yoga: 1 },
    better: 'less',
  },
  'keys memory': {
    title: 'memory per idle subscriber, a key each',
    unit: 'KB',
    goals: {},
    better: 'share',
    atMost: 9,
  },
  prefixes: {
    title: '10,000 subscribers, a prefix each, 1,000/s',
    unit: 'µs CPU per insertion',
    goals: { yoga: 2 },
    better: 'less',
  },
  'prefixes growth': {
    title: 'an insertion with 10,000 prefixes, against 100',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.25,
  },
  overlapping: {
    title: '10,000 subscribers, four for each insertion, 1,000/s',
    unit: 'µs CPU per insertion',
    goals: { yoga: 2 },
    better: 'less',
  },
  'overlapping growth': {
    title: 'an insertion with 10,000 overlapping, against 100',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.25,
  },
  equalities: {
    title: '10,000 subscribers, an equality on a value each, 1,000/s',
    unit: 'µs CPU per insertion',
    goals: {},
    better: 'less',
  },
  'equalities growth': {
    title: 'an insertion with 10,000 equalities, against 100',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.5,
  },
  ranges: {
    title: '1,000 subscribers, a range of values each, against none',
    unit: 'µs CPU per insertion and range',
    goals: {},
    better: 'less',
    atMost: 0.3,
  },
  'filtered by equality': {
    title: 'a message of a mirror with an equality, against none',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.05,
  },
  'filtered by range': {
    title: 'a message of a mirror with a range, against none',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.05,
  },
  'typed in flight': {
    title: 'a delivery of a typed collection, against Item, 8 in flight',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.2,
  },
  'typed at a time': {
    title: 'a delivery of a typed collection, against Item, one at a time',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.2,
  },
  'typed inserts': {
    title: 'an insert into a typed collection, against Item',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.2,
  },
  'typed http': {
    title: 'an insert into a typed collection over HTTP, against Item',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.2,
  },
  'typed batches': {
    title: 'an item of a batch into a typed collection, against Item',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.2,
  },
  'sockets growth': {
    title: 'with 100,000 on 1,000 sockets, against 100',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.5,
  },
  'generators growth': {
    title: 'with 10,000 generators, against 100',
    unit: 'times the CPU',
    goals: {},
    better: 'less',
    atMost: 1.5,
  },
} as const satisfies Record<string, Row>;

export type RowName = keyof typeof ROWS;

export const ROW_NAMES = Object.keys(ROWS) as RowName[];

/** A part of the benchmark, and a block of its table. */
export type InterestPart = InterestName | 'sockets' | 'generators';
/** For example `keys: 1000 at 200/s`. */
export type InterestRow = `${InterestPart}: ${number} at ${number}/s${'' | ', p99'}`;

/** One measurement. */
export interface Figure {
  readonly row: RowName | `${number} subscribers` | InterestRow;
  readonly peer: PeerName;
  readonly value: number;
  readonly measure?: Measure;
}

export interface Pace {
  /** Duration of a measurement. */
  readonly ms: number;
  readonly warmUpMs: number;
}
