/**
 * graphql-js drops a member whose variable was not given. In a filter on values that would match more than the caller has asked for, and in
 * the worst case everything: `where: { path: "/status", eq: $status }`. Such a request is refused.
 */
import { type GraphQLResolveInfo, Kind, type ValueNode, versionInfo } from 'graphql';
import { inputError } from './errors.ts';

type Path = readonly (string | number)[];

/** graphql 16 has the values themselves. */
interface VariableValues {
  readonly coerced: Readonly<Record<string, unknown>>;
}

/**
 * A variable for the whole argument or the whole `where` may be missing: then there is no filter.
 * @throws {GraphQLError} `BAD_USER_INPUT` for a variable in the literal of `filter.where` that has no value and no default
 */
export function assertWhereVariables({ fieldNodes, operation, variableValues }: GraphQLResolveInfo): void {
  // Validation has seen that all nodes of a field have the same arguments.
  const argument = fieldNodes[0]?.arguments?.find(({ name }) => name.value === 'filter');
  const where = argument && memberOf(argument.value, 'where');
  if (!where || where.kind === Kind.VARIABLE) return;
  const given = versionInfo.major >= 17 ? (variableValues as VariableValues).coerced : variableValues;
  // Variables of a fragment, which graphql 17 has, are not among those of the operation.
  const missing = new Set(
    operation.variableDefinitions
      ?.map(({ variable }) => variable.name.value)
      .filter((name) => !Object.hasOwn(given, name)),
  );
  if (missing.size === 0) return;
  const issues = [...variablesIn(where, ['filter', 'where'])]
    .filter(({ name }) => missing.has(name))
    .map(({ name, path }) => ({
      path,
      message: `variable "$${name}" has no value: provide one, or leave out the member of the filter`,
    }));
  if (issues.length > 0) throw inputError(issues);
}

function memberOf(node: ValueNode, name: string): ValueNode | undefined {
  return node.kind === Kind.OBJECT ? node.fields.find((field) => field.name.value === name)?.value : undefined;
}

/** The filter has been checked, so it is no deeper than a filter may be. */
function* variablesIn(node: ValueNode, path: Path): Generator<{ readonly name: string; readonly path: Path }> {
  if (node.kind === Kind.VARIABLE) yield { name: node.name.value, path };
  else if (node.kind === Kind.OBJECT)
    for (const { name, value } of node.fields) yield* variablesIn(value, [...path, name.value]);
  else if (node.kind === Kind.LIST)
    for (const [index, value] of node.values.entries()) yield* variablesIn(value, [...path, index]);
}
