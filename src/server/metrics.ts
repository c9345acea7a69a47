import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { StreamingMap } from '../core/streaming-map.ts';
import type { OpenStreams } from '../transports/streaming/open-streams.ts';
import type { WebSocketTransport } from '../transports/websocket/websocket.ts';

/** What the metrics are read from. */
export interface MetricsSources {
  readonly map: StreamingMap;
  readonly streams: OpenStreams;
  readonly webSockets: WebSocketTransport;
  /** How much was refused so far, by code. */
  readonly refusals: ReadonlyMap<string, number>;
  /** TCP connections of all kinds. */
  readonly countSockets: () => Promise<number>;
}

/** A value, or for a metric with a label the value for each of the label's values. */
type Value = number | Iterable<readonly [labelValue: string, value: number]>;
type Read = (sources: MetricsSources) => Value | Promise<Value>;

const metric = <Type>(Type: Type) => {
  return (name: string, help: string, read: Read, label?: string) => ({ Type, name, help, read, label });
};
const [gauge, counter] = [metric(Gauge), metric(Counter)];

/** All metrics of seamline, without their prefix `seamline_`. A new metric is a line here, and a row in docs/metrics.md. */
const METRICS = [
  gauge('connections', 'Open connections.', connections, 'transport'),
  gauge('subscriptions', 'Open subscriptions.', subscriptions, 'transport'),
  gauge('items', 'Items in the map.', ({ map }) => map.replica.items.size),
  gauge('head_position', 'Newest applied position.', ({ map }) => map.replica.head.position),
  counter('inserts_total', 'Items inserted by this node.', ({ map }) => map.counters.inserts),
  counter('deliveries_total', 'Items and messages delivered to subscribers.', ({ map }) => map.counters.deliveries),
  counter('lagged_total', 'Times that a subscriber fell out of the window.', ({ map }) => map.counters.lagged),
  counter('resets_total', 'Times that a mirror had to start again.', ({ map }) => map.counters.resets),
  counter('evictions_total', 'Items evicted because the map was full.', ({ map }) => map.replica.evictions),
  counter('refusals_total', 'Refused requests, operations and connections.', ({ refusals }) => refusals, 'code'),
];

/** The metrics are read when Prometheus asks for them: they cost nothing in between. */
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
        const values = typeof value === 'number' ? [['', value] as const] : value;
        this.reset();
        for (const [labelValue, count] of values) this.inc(label === undefined ? {} : { [label]: labelValue }, count);
      },
    });
  }
  return registry;
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
