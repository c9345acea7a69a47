/** The scalar JSON: any value. Numbers keep the text that they were written with. */
import { GraphQLError, GraphQLScalarType, Kind, print, type ValueNode } from 'graphql';
import { exactly, parseNumber } from '../../src/core/model/json.ts';
import { JsonText } from '../../src/core/model/json-text.ts';

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/** A number that can't be kept exactly becomes an `UnkeptNumber`, and the input validation reports its path. */
export function jsonScalar(): GraphQLScalarType {
  return new GraphQLScalarType({
    name: 'JSON',
    specifiedByURL: 'http://www.ecma-international.org/publications/files/ECMA-ST/ECMA-404.pdf',
    // As graphql-scalars has it, for its users' code generators.
    extensions: { codegenScalarType: 'any' },
    serialize,
    parseValue: (value) => value,
    parseLiteral,
  });
}

/** The text of a stored value passes as it is: whatever prints the result copies it. */
function serialize(value: unknown): unknown {
  return value instanceof JsonText ? value : exactly(value);
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
      // Object.fromEntries instead of assignments, because `__proto__` is a plain member here.
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, parseLiteral(value, variables)]));
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no enum value ${print(node)}: quote it as a string`, { nodes: node });
  }
}
