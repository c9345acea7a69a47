/** Opens a map, with a log of its own, for each collection. */
import { type CollectionDefinition, ITEMS, type SdlDefinition } from '../../../schema/sdl/definition.ts';
import type { StreamingMapOptions } from '../../core/map-options.ts';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { StreamingMap } from '../../core/streaming-map.ts';
import { DeliveryScheduler } from '../../core/subscriptions/scheduler.ts';
import { ServedMaps } from './served-maps.ts';

/** What `@collection` says comes before the options of the server. */
type Own = Pick<CollectionDefinition, 'maxItems' | 'maxBytes' | 'window' | 'ttl'>;

export interface OpenMapsOptions {
  readonly definition: SdlDefinition | undefined;
  /** Of all maps. */
  readonly map: Omit<StreamingMapOptions, 'log' | 'scheduler'>;
  /** `collection`: the plural name. Undefined without a definition. */
  readonly openLog: (plural: string, collection: string | undefined) => Promise<OrderedLog>;
  /** Whether the maps are opened one by one. */
  readonly isInOrder: boolean;
}

/** Rejects with the first error, after it has closed the maps that are open. */
export async function openMaps({ definition, map, openLog, isInOrder }: OpenMapsOptions): Promise<ServedMaps> {
  const scheduler = new DeliveryScheduler();
  const collections: readonly (Partial<Own> & { readonly plural: string })[] = definition?.collections ?? [ITEMS];
  const isNamed = definition !== undefined;
  const opened: [plural: string, map: StreamingMap][] = [];
  const open = async ({ plural, ...own }: (typeof collections)[number]): Promise<void> => {
    const log = await openLog(plural, isNamed ? plural : undefined);
    opened.push([plural, await StreamingMap.open({ ...map, ...boundsOf(own, map), log, scheduler })]);
  };
  try {
    if (isInOrder) for (const collection of collections) await open(collection);
    else await allSettled(collections.map(open));
  } catch (error) {
    await Promise.all(opened.map(([, each]) => each.close()));
    throw error;
  }
  const order = collections.map(({ plural }) => plural);
  const sorted = opened.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return new ServedMaps(new Map(sorted), scheduler, isNamed);
}

/** A map that is still being opened when another fails can be closed only when it is open. */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason;
}

/** The bounds of a collection: its own, and else those of the server. */
export function boundsOf(own: Partial<Own>, server: { readonly [Name in keyof Own]?: Own[Name] }): Own {
  return {
    maxItems: own.maxItems ?? server.maxItems,
    maxBytes: own.maxBytes ?? server.maxBytes,
    window: own.window ?? server.window,
    ttl: own.ttl ?? server.ttl,
  };
}
