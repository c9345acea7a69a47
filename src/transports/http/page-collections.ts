import { graphqlSync, type GraphQLInputObjectType, type GraphQLSchema } from 'graphql';
import { type DescribedCollection, describeCollections } from '../../described/described-collection.ts';
import { DESCRIBE, type Description } from '../../described/introspection.ts';
import type { PageCollection } from '../../described/page-collection.ts';
import { exampleOf, literalOf } from './example-input.ts';

/** The typed collections of a schema, for its pages. Empty for a server without an SDL file. */
export function pageCollections(schema: GraphQLSchema): readonly PageCollection[] {
  // The answer has the shape of the query, which needs no resolver.
  const description = graphqlSync({ schema, source: DESCRIBE }).data as unknown as Description;
  return describeCollections(description)
    .filter(({ isItem }) => !isItem)
    .map((collection) => withExample(collection, schema));
}

function withExample(collection: DescribedCollection, schema: GraphQLSchema): PageCollection {
  const { name } = collection.names;
  // Each collection has this input.
  const input = schema.getType(`${name}Input`) as GraphQLInputObjectType;
  const example = exampleOf(input);
  return {
    ...collection,
    example,
    exampleMutation: `mutation { insert${name}(input: ${literalOf(example, input)}) { cursor } }`,
  };
}
