/**
 * Reads only own members of variables. Graphql-js reads a member by its name, so it would take the `constructor` that every object inherits
 * for one that was sent.
 */
import { type GraphQLSchema, isInputObjectType } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** What is nested deeper is refused. */
const MAX_LEVELS = 128;

/** Does nothing for a schema without such names, which is nearly every schema. */
export function ownMembers(): Plugin {
  let isNeeded = false;
  const prepare = ({ args }: { readonly args: { readonly variableValues?: unknown } }): void => {
    if (isNeeded) for (const value of Object.values(args.variableValues ?? {})) disinherit(value);
  };
  return {
    onSchemaChange({ schema }) {
      isNeeded = hasInheritedNames(schema as GraphQLSchema);
    },
    onExecute: prepare,
    onSubscribe: prepare,
  };
}

const hasInheritedNames = (schema: GraphQLSchema): boolean =>
  Object.values(schema.getTypeMap()).some(
    (type) => isInputObjectType(type) && Object.keys(type.getFields()).some((name) => name in Object.prototype),
  );

/** Changes the objects that JSON was parsed into: nobody else has them, and a copy would not reach the fan-out. */
function disinherit(value: unknown, levels = MAX_LEVELS): void {
  if (typeof value !== 'object' || value === null || levels === 0) return;
  if (Array.isArray(value)) return value.forEach((element) => disinherit(element, levels - 1));
  // Not a number that can't be kept, which has a class.
  if (Object.getPrototypeOf(value) !== Object.prototype) return;
  Object.setPrototypeOf(value, null);
  for (const member of Object.values(value)) disinherit(member, levels - 1);
}
