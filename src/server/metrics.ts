import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { StreamingMap } from '../core/streaming-map.ts';
import type { ServedMaps } from './collections/served-maps.ts';
import type { UnreadAnswers } from '../transports/answers/unread-answers.ts';
import type { OpenStreams } from '../transports/streaming/open-streams.ts';
import type { WebSocketTransport } from '../transports/websocket/websocket.ts';
import type { AppendLatency } from './observability/append-latency.ts';

/** What the metrics are read from. */
export interface MetricsSources {
  readonly maps: ServedMaps;
  readonly streams: OpenStreams;
  readonly webSockets: WebSocketTransport;
  /** How much was refused so far, by code. */
  readonly refusals: ReadonlyMap<string, number>;
  /** TCP connections of all kinds. */
  readonly countSockets: () => Promise<number>;
  /** What `/ready` says. */
  readonly isReady: () => boolean;
  readonly appendLatency: AppendLatency;
  readonly answers: UnreadAnswers;
}

/** A value, or for a metric with a label the value for each of the label's values. */
type Value = number | Iterable<readonly [labelValue: string, value: number]>;
type Read = (sources: MetricsSources) => Value | Promise<Value>;

const metric = <Type>(Type: Type) => {
  return (name: string, help: string, read: Read, label?: string) => ({ Type, name, help, read, label });
};
const [gauge, counter] = [metric(Gauge), metric(Counter)];

/** A metric of each map. It has a label only if the collections of the server have names. */
const ofMaps = <Type>(Type: Type) => {
  return (name: string, help: string, read: (map: StreamingMap) => number) => {
    const readAll: Read = ({ maps }) =>
      maps.isNamed ? [...maps.byPlural].map(([plural, map]) => [plural, read(map)] as const) : read(maps.first);
    return { Type, name, help, read: readAll, label: 'collection' };
  };
};
const [mapGauge, mapCounter] = [ofMaps(Gauge), ofMaps(Counter)];

/** All metrics of seamline, without their prefix `seamline_`. A new metric is a line here, and a row in docs/metrics.md. */
const METRICS = [
  gauge('ready', '1 when /ready is 200, 0 otherwise.', ({ isReady }) => Number(isReady())),
  gauge('connections', 'Open connections.', connections, 'transport'),
  gauge('subscriptions', 'Open subscriptions.', subscriptions, 'transport'),
  gauge('unread_bytes', 'Bytes that answers take until clients have read them.', ({ answers }) => answers.bytes),
  mapGauge('items', 'Items in the map.', ({ replica }) => replica.items.size),
  mapGauge('items_bytes', 'Bytes of all keys and values in the map.', ({ replica }) => replica.items.bytes),
  mapGauge('window_bytes', 'Bytes of the changes in the window.', ({ replica }) => replica.window.bytes),
  mapGauge('head_position', 'Newest applied position.', ({ replica }) => replica.head.position),
  mapCounter('inserts_total', 'Items inserted by this node.', ({ counters }) => counters.inserts),
  mapCounter('deliveries_total', 'Items and messages delivered to subscribers.', ({ counters }) => counters.deliveries),
  mapCounter('lagged_total', 'Times that a subscriber fell out of the window.', ({ counters }) => counters.lagged),
  mapCounter('resets_total', 'Times that a mirror had to start again.', ({ counters }) => counters.resets),
  mapCounter('evictions_total', 'Items evicted because the map was full.', ({ replica }) => replica.evictions),
  counter('refusals_total', 'Refused requests, operations and connections.', ({ refusals }) => refusals, 'code'),
];

/** All but the histogram are read when Prometheus asks for them: they cost nothing in between. */
export function createMetrics(sources: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { Type, name, help, label, read } of METRICS) {
    const labelNames = label === undefined ? [] : [label];
    new Type({
      name: `seamline_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const value = await read(sources);
        this.reset();
        if (typeof value === 'number') this.inc({}, value);
        // A metric without a label has one value.
        else for (const [labelValue, count] of value) this.inc({ [label!]: labelValue }, count);
      },
    });
  }
  registry.registerMetric(sources.appendLatency.histogram);
  const build = { version: version(), node: process.version };
  new Gauge({
    name: 'seamline_build_info',
    help: 'Always 1. Its labels are the version of seamline and of Node.js.',
    labelNames: Object.keys(build),
    registers: [registry],
  }).set(build, 1);
  return registry;
}

/** The version in package.json. A bundle has no package.json beside it. */
function version(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    return String((JSON.parse(text) as { version?: unknown }).version);
  } catch {
    return 'unknown';
  }
}

async function connections({ streams, webSockets, countSockets }: MetricsSources): Promise<Value> {
  const [sse, multipart, websocket] = [streams.count('sse'), streams.count('multipart'), webSockets.connections];
  const http = Math.max(0, (await countSockets()) - sse - multipart - websocket);
  return Object.entries({ websocket, sse, multipart, http });
}

function subscriptions({ streams, webSockets }: MetricsSources): Value {
  // A plain HTTP request never holds a subscription.
  const [sse, multipart] = [streams.count('sse'), streams.count('multipart')];
  return Object.entries({ websocket: webSockets.subscriptions, sse, multipart, http: 0 });
}
