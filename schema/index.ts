import type { GraphQLSchema } from 'graphql';
import type { StreamingMap } from '../src/core/streaming-map.ts';
import { createBuilder } from './collections/builder.ts';
import { addTypedCollection } from './collections/collection.ts';
import { addItems } from './collections/item.ts';
import { addFederation } from './federation/add-federation.ts';
import { ITEMS, type SdlDefinition } from './sdl/definition.ts';
import { typedParts } from './typed/typed-parts.ts';

export interface SchemaOptions {
  /** The collections of an SDL file. @default one collection, `Item` */
  readonly definition?: SdlDefinition | undefined;
  /** Finds the map of a collection by its plural name, when an operation runs. @default none: the schema can only be printed */
  readonly mapOf?: ((plural: string) => StreamingMap) | undefined;
  /** Whether the schema is a subgraph of Apollo Federation 2. @default false */
  readonly federation?: boolean | undefined;
}

/** Builds the schema of `seamline serve`. Its root fields are in the order of the collections. */
export function createSchema({ definition, mapOf = noMap, federation = false }: SchemaOptions = {}): GraphQLSchema {
  const builder = createBuilder(!definition || definition.scalars.some(({ name }) => name === 'JSON'));
  const streams = definition
    ? definition.collections.map((collection) =>
        addTypedCollection(
          builder,
          typedParts(builder, definition, collection, () => mapOf(collection.plural)),
        ),
      )
    : [addItems(builder, () => mapOf(ITEMS.plural))];
  if (federation) addFederation(builder, streams);
  // Introspection tells the order of a file.
  return builder.toSchema({ sortSchema: !definition });
}

function noMap(): never {
  throw new Error('the schema was made without a map, so that it can only be printed');
}
