import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { StreamingMap } from '../core/streaming-map.ts';
import type { OpenStreams } from '../transports/streaming/open-streams.ts';
import type { WebSocketTransport } from '../transports/websocket/websocket.ts';

export interface MetricsSources {
  readonly map: StreamingMap;
  readonly streams: OpenStreams;
  readonly webSockets: WebSocketTransport;
  /** What has been refused so far, by code. */
  readonly refusals: ReadonlyMap<string, number>;
  /** TCP connections of all kinds. */
  readonly countSockets: () => Promise<number>;
}

/** Prometheus metrics, read when they are asked for: nothing is counted twice, and nothing costs while nobody looks. */
export function createMetrics({ map, streams, webSockets, refusals, countSockets }: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  new Gauge({
    name: 'seamline_connections',
    help: 'Open connections.',
    labelNames: ['transport'],
    registers,
    async collect() {
      const [sse, multipart, websocket] = [streams.count('sse'), streams.count('multipart'), webSockets.connections];
      this.set({ transport: 'websocket' }, websocket);
      this.set({ transport: 'sse' }, sse);
      this.set({ transport: 'multipart' }, multipart);
      this.set({ transport: 'http' }, Math.max(0, (await countSockets()) - sse - multipart - websocket));
    },
  });
  new Gauge({
    name: 'seamline_subscriptions',
    help: 'Open subscriptions.',
    labelNames: ['transport'],
    registers,
    collect() {
      this.set({ transport: 'websocket' }, webSockets.subscriptions);
      this.set({ transport: 'sse' }, streams.count('sse'));
      this.set({ transport: 'multipart' }, streams.count('multipart'));
      // A plain request never holds one.
      this.set({ transport: 'http' }, 0);
    },
  });

  new Counter({
    name: 'seamline_refusals_total',
    help: 'Requests, operations and connections refused, by code.',
    labelNames: ['code'],
    registers,
    collect() {
      this.reset();
      for (const [code, count] of refusals) this.inc({ code }, count);
    },
  });

  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `seamline_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(read());
    };
    new Counter({ name: `seamline_${name}`, help, registers, collect });
  };
  const { counters } = map;
  gauge('items', 'Items in the map.', () => map.replica.items.size);
  gauge('head_position', 'The newest applied position.', () => map.replica.head.position);
  counter('inserts_total', 'Items that this node inserted.', () => counters.inserts);
  counter('deliveries_total', 'Items and messages that subscribers took.', () => counters.deliveries);
  counter('lagged_total', 'Times that a subscriber fell behind the window.', () => counters.lagged);
  counter('resets_total', 'Times that a mirror had to start over.', () => counters.resets);
  counter('evictions_total', 'Items evicted because the map was full.', () => map.replica.evictions);
  return registry;
}
