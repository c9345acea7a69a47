import type { GraphQLSchema } from 'graphql';
import type { StreamingMap } from '../src/core/streaming-map.ts';
import { createBuilder } from './collections/builder.ts';
import { addItem } from './collections/item.ts';
import { addMutation } from './collections/mutation.ts';
import { addQuery } from './collections/query.ts';
import { addSubscription } from './collections/subscription.ts';

/** Builds the schema of `seamline serve`. `mapOf`: finds the map of the items. It is called when an operation runs. */
export function createSchema(mapOf: () => StreamingMap = noMap): GraphQLSchema {
  const builder = createBuilder();
  const types = addItem(builder);
  addQuery(builder, types, mapOf);
  addMutation(builder, types, mapOf);
  addSubscription(builder, types, mapOf);
  return builder.toSchema();
}

/** Of a schema that is only printed. */
function noMap(): never {
  throw new Error('the schema was made without a map, so that it can only be printed');
}
