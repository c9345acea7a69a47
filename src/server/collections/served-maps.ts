import type { Logger } from '../../core/model/logger.ts';
import type { LogHealth } from '../../core/replication/ordered-log.ts';
import type { StreamingMap } from '../../core/streaming-map.ts';
import type { DeliveryScheduler } from '../../core/subscriptions/scheduler.ts';
import { namedLogger } from './named-logger.ts';

/** The maps of a server, one for each collection. */
export class ServedMaps {
  /** By the plural names of the collections, in the order of the SDL file. */
  readonly byPlural: ReadonlyMap<string, StreamingMap>;
  /** Of all maps. */
  readonly scheduler: DeliveryScheduler;
  /** Whether the collections come from an SDL file. Without one, logs and metrics name no collection. */
  readonly isNamed: boolean;

  constructor(byPlural: ReadonlyMap<string, StreamingMap>, scheduler: DeliveryScheduler, isNamed: boolean) {
    this.byPlural = byPlural;
    this.scheduler = scheduler;
    this.isNamed = isNamed;
  }

  get first(): StreamingMap {
    const [first] = this.byPlural.values();
    // A definition has at least one collection.
    return first!;
  }

  of(plural: string): StreamingMap {
    const map = this.byPlural.get(plural);
    if (!map) throw new Error(`the server has no collection ${JSON.stringify(plural)}`);
    return map;
  }

  get subscriptions(): number {
    return this.#sum(({ subscriptions }) => subscriptions);
  }

  /** Healthy when all are. The reason names the collections that are not. */
  health(): LogHealth {
    if (!this.isNamed) return this.first.health();
    const reasons: string[] = [];
    for (const [plural, map] of this.byPlural) {
      const health = map.health();
      if (!health.ok) reasons.push(`${plural}: ${health.reason}`);
    }
    return reasons.length === 0 ? { ok: true } : { ok: false, reason: reasons.join('; ') };
  }

  /** What a line of the log says of the maps. */
  fields(): object {
    const fieldsOf = ({ replica }: StreamingMap) => ({ position: replica.head.position, items: replica.items.size });
    if (!this.isNamed) return fieldsOf(this.first);
    return { collections: Object.fromEntries([...this.byPlural].map(([plural, map]) => [plural, fieldsOf(map)])) };
  }

  /** Each map, with the logger for its lines. */
  withLoggers(logger: Logger): [StreamingMap, Logger][] {
    return [...this.byPlural].map(([plural, map]) => [map, namedLogger(logger, this.isNamed ? plural : undefined)]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.byPlural.values()].map((map) => map.close()));
  }

  #sum(count: (map: StreamingMap) => number): number {
    return [...this.byPlural.values()].reduce((sum, map) => sum + count(map), 0);
  }
}
