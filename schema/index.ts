import type { GraphQLSchema } from 'graphql';
import { createBuilder } from './collections/builder.ts';
import { addItem } from './collections/item.ts';
import { addMutation } from './collections/mutation.ts';
import { addQuery } from './collections/query.ts';
import { addSubscription } from './collections/subscription.ts';

/** Builds the schema of `seamline serve`. It holds no state: each operation's context provides the map. */
export function createSchema(): GraphQLSchema {
  const builder = createBuilder();
  const types = addItem(builder);
  addQuery(builder, types);
  addMutation(builder, types);
  addSubscription(builder, types);
  return builder.toSchema();
}
