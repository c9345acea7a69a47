import { buildSchema, graphqlSync, type GraphQLSchema } from 'graphql';
import { type DescribedCollection, describeCollections } from '../../../src/described/described-collection.ts';
import { type Description, DESCRIBE } from '../../../src/described/introspection.ts';
import { typedSdl } from './typed-sdl.ts';

/** The collections of a schema, as clients of its server see them. */
export function describedBy(schema: GraphQLSchema): readonly DescribedCollection[] {
  const { data, errors } = graphqlSync({ schema, source: DESCRIBE });
  if (errors) throw new AggregateError(errors);
  return describeCollections(data as unknown as Description);
}

/** The collection of `typedSdl()` with this plural. */
export function typedCollection(plural: 'quotes' | 'people'): DescribedCollection {
  const found = describedBy(buildSchema(typedSdl())).find(({ names }) => names.plural === plural);
  // The SDL has both.
  return found!;
}
