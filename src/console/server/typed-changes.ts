import type { Client } from 'graphql-ws';
import type { ItemChanges, MirroredItem, SubscriptionClient } from '../../client/index.ts';
import type { Collection } from './collections.ts';

/** What a typed collection sends in place of an `Item`: the fields of the value, and the envelope beside them. */
type TypedItem = Readonly<Record<string, unknown>> & Pick<MirroredItem, 'cursor' | 'timestamp' | 'expiresAt'>;

/** A client for the mirror: whatever it subscribes to is the changes of this collection, in the form of `itemChanges`. */
export function changesClient(client: Client, { fields, documents, key }: Collection): SubscriptionClient {
  const names = fields.map(({ name }) => name);
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
            sink.next(changes ? { ...result, data: { itemChanges: asItemChanges(changes, key, names) } } : result);
          },
        },
      ),
  };
}

function asItemChanges(changes: ItemChanges, key: string, fields: readonly string[]): ItemChanges {
  const upserted = changes.upserted as unknown as TypedItem[];
  return { ...changes, upserted: upserted.map((item) => asItem(item, key, fields)) };
}

/** The value has the fields that an insertion may have, so that it can be edited. */
function asItem(item: TypedItem, keyField: string, fields: readonly string[]): MirroredItem {
  const { cursor, timestamp, expiresAt } = item;
  const key = String(item[keyField]);
  const value = Object.fromEntries(fields.map((name) => [name, item[name]]));
  return { id: key, key, value, timestamp, expiresAt, cursor };
}
