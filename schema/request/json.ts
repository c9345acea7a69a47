/** The scalar JSON: any value, whose numbers come out as they were written. */
import { GraphQLError, GraphQLScalarType, Kind, print, type ValueNode } from 'graphql';
import { JSONResolver } from 'graphql-scalars';
import { exactly, parseNumber } from '../../src/core/model/json.ts';

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/** A number that can't be kept becomes an `UnkeptNumber`; the check of the input says where it is. */
export function jsonScalar(): GraphQLScalarType {
  const { name, specifiedByURL, extensions, parseValue } = JSONResolver;
  // Not its whole configuration: that of graphql 17 has each function under two names.
  return new GraphQLScalarType({ name, specifiedByURL, extensions, serialize: exactly, parseValue, parseLiteral });
}

function parseLiteral(node: ValueNode, variables?: Variables): unknown {
  switch (node.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return parseNumber(node.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variables?.[node.name.value];
    case Kind.LIST:
      return node.values.map((member) => parseLiteral(member, variables));
    case Kind.OBJECT:
      // No assignment: `__proto__` is a member like any other.
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, parseLiteral(value, variables)]));
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no ${print(node)}: write a string in quotes`, { nodes: node });
  }
}
