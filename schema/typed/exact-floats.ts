/** GraphQL's Float rounds the literal 9007199254740993 without a word. Pothos always takes graphql-js's own for the name, so it is replaced. */
import {
  GraphQLError,
  GraphQLFloat,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  type GraphQLSchema,
  type GraphQLType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type ValueNode,
} from 'graphql';
import { exactly, parseNumber, UnkeptNumber } from '../../src/core/model/json.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';

/** Makes the builder's schema have a Float that neither rounds an input nor an output. */
export function useExactFloats(builder: StreamBuilder): void {
  const toSchema = builder.toSchema.bind(builder);
  builder.toSchema = (...options) => withExactFloats(toSchema(...options));
}

/** Changes the schema, which nobody else has yet. */
function withExactFloats(schema: GraphQLSchema): GraphQLSchema {
  const types = schema.getTypeMap();
  if (types[GraphQLFloat.name] !== GraphQLFloat) return schema;
  const float = exactFloat();
  types[float.name] = float;
  for (const type of Object.values(types)) {
    // All schemas of the process share these.
    if (isIntrospectionType(type)) continue;
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) field.type = replaced(field.type, float);
    else if (isObjectType(type))
      for (const field of Object.values(type.getFields())) {
        field.type = replaced(field.type, float);
        for (const argument of field.args) argument.type = replaced(argument.type, float);
      }
  }
  return schema;
}

/** The type with another Float in it. */
function replaced<Type extends GraphQLType>(type: Type, float: GraphQLScalarType): Type {
  // Each branch makes a type of the kind that it has found.
  if (isNonNullType(type))
    return new GraphQLNonNull(replaced(type.ofType, float) as GraphQLScalarType) as GraphQLType as Type;
  if (isListType(type)) return new GraphQLList(replaced(type.ofType, float)) as GraphQLType as Type;
  return type === GraphQLFloat ? (float as GraphQLType as Type) : type;
}

/** A number that no double holds becomes an `UnkeptNumber`: the checks of values and filters refuse it with its path. */
function exactFloat(): GraphQLScalarType {
  return new GraphQLScalarType({
    name: GraphQLFloat.name,
    description: GraphQLFloat.description,
    serialize: (value) => (typeof value === 'number' ? exactly(value) : GraphQLFloat.serialize(value)),
    parseValue: (value) => (value instanceof UnkeptNumber ? value : GraphQLFloat.parseValue(value)),
    parseLiteral: (node: ValueNode) =>
      node.kind === Kind.INT || node.kind === Kind.FLOAT
        ? parseNumber(node.value)
        : located(node, () => GraphQLFloat.parseLiteral(node, undefined)),
  });
}

/** Graphql-js reports a scalar's GraphQLError as it is, so it must say where the literal stands. */
export function located<Value>(node: ValueNode, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GraphQLError) || error.nodes) throw error;
    throw new GraphQLError(error.message, { nodes: node, originalError: error });
  }
}
