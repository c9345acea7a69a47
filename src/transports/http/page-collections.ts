import {
  getNamedType,
  type GraphQLInputObjectType,
  type GraphQLNamedInputType,
  type GraphQLSchema,
  graphqlSync,
  isInputObjectType,
  isScalarType,
  printType,
} from 'graphql';
import { type DescribedCollection, describeCollections } from '../../described/described-collection.ts';
import { documentsOf } from '../../described/documents.ts';
import { DESCRIBE, type Description } from '../../described/introspection.ts';
import type { PageCollection } from '../../described/page-collection.ts';
import type { DescribedField } from '../../described/type-tree.ts';
import { exampleOf, literalOf } from './example-input.ts';

/** The typed collections of a schema, for its pages. Empty for a server without an SDL file. */
export function pageCollections(schema: GraphQLSchema): readonly PageCollection[] {
  // The answer has the shape of the query, which needs no resolver.
  const description = graphqlSync({ schema, source: DESCRIBE }).data as unknown as Description;
  return describeCollections(description)
    .filter(({ isItem }) => !isItem)
    .map((collection) => pageCollection(collection, schema));
}

function pageCollection(collection: DescribedCollection, schema: GraphQLSchema): PageCollection {
  const { names, valueFields } = collection;
  const { name } = names;
  // Each collection has this input.
  const input = schema.getType(`${name}Input`) as GraphQLInputObjectType;
  const example = exampleOf(input);
  const mutation = `mutation { insert${name}(input: ${literalOf(example, input)}) { cursor } }`;
  const { changes, stream, insertOne, remove } = documentsOf(collection, { hasItemRoots: true });
  return {
    names,
    valueFields,
    inputSdl: sdlOf(input),
    documents: { changes, stream, insertOne, remove },
    example: { input: example, mutation, where: whereOf(collection) },
  };
}

/** Each type once, the outermost first. */
function sdlOf(input: GraphQLInputObjectType): string {
  const types = new Set<GraphQLNamedInputType>([input]);
  // A set that grows is iterated to its new end.
  for (const type of types)
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) {
        const inner = getNamedType(field.type);
        if (!isScalarType(inner)) types.add(inner);
      }
  return [...types].map((type) => printType(type)).join('\n\n');
}

/** A filter that every kind of scalar has, on another field than the key if there is one. */
function whereOf({ names: { key }, valueFields }: DescribedCollection): string {
  const isOther = ({ name, type }: DescribedField): boolean =>
    name !== key.name && (type.kind === 'scalar' || type.kind === 'enum');
  const name = valueFields.find(isOther)?.name ?? key.name;
  return JSON.stringify({ [name]: { isNull: false } });
}
