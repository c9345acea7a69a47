/**
 * Refuses variables that no operation takes, before each of their values is coerced. An error of coercion quotes the value around it, so a
 * megabyte of unknown members would be answered by fifty megabytes of errors. Variables that are a little wrong get the errors of coercion
 * and of the input rules.
 */
import {
  type ExecutionArgs,
  getOperationAST,
  type GraphQLError,
  type GraphQLInputType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  type TypeNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refused } from '../protocol/errors.ts';

/** Entries of a variable that is a list: twice what `insertItems` and `filter.keys` take. */
const MAX_ENTRIES = 2000;
/** Entries of a list in an input: more than a value of 64 KiB has. */
const MAX_NESTED_ENTRIES = 40_000;
/** Members of an object that its type doesn't have. */
const MAX_UNKNOWN = 10;
/** Of inputs and lists in each other: far more than a filter may have. Coercion is recursive. */
const MAX_LEVELS = 64;

type Args = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>;

export const boundedVariables: Plugin = {
  onExecute({ args, setResultAndStopExecution }) {
    const error = errorOf(args);
    if (error) setResultAndStopExecution({ errors: [error] });
  },
  onSubscribe({ args, setResultAndStopExecution }) {
    const error = errorOf(args);
    if (error) setResultAndStopExecution({ errors: [error] });
  },
};

function errorOf({ schema, document, operationName, variableValues }: Args): GraphQLError | undefined {
  for (const { variable, type } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = variable.name.value;
    // Validation has found the type.
    const declared = typeFromAST(schema, type as TypeNode & { kind: never }) as GraphQLInputType | undefined;
    const problem = isInputType(declared) ? problemOf(declared, variableValues?.[name]) : undefined;
    if (problem !== undefined) return refused('BAD_USER_INPUT', `variable "$${name}" ${problem}`);
  }
  return undefined;
}

function problemOf(type: GraphQLInputType, value: unknown, level = 0): string | undefined {
  if (isNonNullType(type)) return problemOf(type.ofType, value, level);
  if (typeof value !== 'object' || value === null) return undefined;
  if (level > MAX_LEVELS) return `is nested deeper than ${MAX_LEVELS} levels`;
  if (isListType(type)) {
    if (!Array.isArray(value)) return problemOf(type.ofType, value, level);
    const max = level === 0 ? MAX_ENTRIES : MAX_NESTED_ENTRIES;
    if (value.length > max) return `has a list of ${value.length} entries, more than ${max}`;
    for (const entry of value) {
      const problem = problemOf(type.ofType, entry, level + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (!isInputObjectType(type)) return undefined;
  const fields = type.getFields();
  let unknown = 0;
  for (const name in value) {
    const field = fields[name];
    const problem = field && problemOf(field.type, (value as Record<string, unknown>)[name], level + 1);
    if (problem !== undefined) return problem;
    if (!field && ++unknown > MAX_UNKNOWN)
      return `has more than ${MAX_UNKNOWN} members that ${type.name} doesn't have: it has ${Object.keys(fields).join(', ')}`;
  }
  return undefined;
}
