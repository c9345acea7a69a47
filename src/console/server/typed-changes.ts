import type { Client } from 'graphql-ws';
import type { ItemChanges, MirroredItem, SubscriptionClient } from '../../client/index.ts';
import type { Collection } from './collections.ts';

/** What a typed collection sends in place of an `Item`: the fields of the value, and the envelope beside them. */
type TypedItem = Readonly<Record<string, unknown>> & Pick<MirroredItem, 'cursor' | 'timestamp' | 'expiresAt'>;

/** A client for the mirror: whatever it subscribes to is the changes of this collection, in the form of `itemChanges`. */
export function changesClient(client: Client, { documents, key }: Collection): SubscriptionClient {
  return {
    ...client,
    subscribe: (payload, sink) =>
      client.subscribe(
        { ...payload, query: documents.changes },
        {
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
          next(result) {
            const [changes] = Object.values(result.data ?? {}) as [ItemChanges?];
            sink.next(changes ? { ...result, data: { itemChanges: asItemChanges(changes, key) } } : result);
          },
        },
      ),
  };
}

function asItemChanges(changes: ItemChanges, key: string): ItemChanges {
  return { ...changes, upserted: (changes.upserted as unknown as TypedItem[]).map((item) => asItem(item, key)) };
}

/** No type has a field with one of the names of the envelope. */
function asItem({ cursor, timestamp, expiresAt, ...value }: TypedItem, keyField: string): MirroredItem {
  const key = String(value[keyField]);
  return { id: key, key, value, timestamp, expiresAt, cursor };
}
