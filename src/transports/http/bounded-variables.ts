/**
 * Refuses variables that no operation takes, before each of their values is coerced. An error of coercion quotes the value around it, so a
 * megabyte of unknown members would be answered by fifty megabytes of errors. Variables that are a little wrong get the errors of coercion
 * and of the input rules.
 */
import {
  type ExecutionArgs,
  getOperationAST,
  type GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isScalarType,
  typeFromAST,
  type TypeNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { HttpOptions } from './http-options.ts';
import { refused } from '../../../schema/request/errors.ts';
import { isValueInput } from '../../../schema/request/extensions.ts';

/** Entries of a list outside of a typed value: twice what `insertItems` and `filter.keys` take. */
const MAX_ENTRIES = 2000;
/** Entries of all lists: more than a batch of 512 KiB with lists of digits. */
const MAX_LIST_ENTRIES = 300_000;
/**
 * Fields that all inputs leave out: coercion looks for each field of a type, and `{}` has two bytes. More than the objects of a batch of
 * 512 KiB with 10 fields leave out. It bounds the fields of the literals in a document as well.
 */
export const MAX_INPUT_FIELDS = 200_000;
/** Wrong names in a request whose errors suggest right ones. Each suggestion compares the name with all names that there are. */
export const MAX_SUGGESTIONS = 5;
/** Members of an object that its type doesn't have. */
export const MAX_UNKNOWN = 10;
/** Of inputs and lists in each other: far more than a filter may have. Coercion is recursive. */
const MAX_LEVELS = 64;

type Args = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>;

/** Errors name the fields of a type only where introspection does. */
export function boundedVariables({ introspection }: Pick<HttpOptions, 'introspection'>): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const error = errorOf(args, introspection);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const error = errorOf(args, introspection);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
  };
}

function errorOf(args: Args, introspection: boolean): GraphQLError | undefined {
  const { schema, document, operationName, variableValues } = args;
  const check = new VariableCheck(introspection);
  for (const { variable, type } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = variable.name.value;
    // Validation has found the type.
    const declared = typeFromAST(schema, type as TypeNode & { kind: never }) as GraphQLInputType | undefined;
    const problem = isInputType(declared) ? check.problemOf(declared, variableValues?.[name]) : undefined;
    if (problem !== undefined)
      return refused('BAD_USER_INPUT', `variable "$${name}" ${problem}`, {
        issues: [{ path: [name], message: problem }],
      });
  }
  if (check.wrongNames > MAX_SUGGESTIONS) Object.assign(args, { hideSuggestions: true });
  return undefined;
}

/** Of the variables of one operation. */
class VariableCheck {
  /** Members that a type lacks, and values that an enum lacks. */
  wrongNames = 0;
  #entries = 0;
  #fields = 0;
  /** Whether the place is inside of a typed value, whose bytes are bounded. */
  #isInValue = false;
  readonly #namesFields: boolean;

  constructor(namesFields: boolean) {
    this.#namesFields = namesFields;
  }

  problemOf(type: GraphQLInputType, value: unknown, level = 0): string | undefined {
    if (isNonNullType(type)) return this.problemOf(type.ofType, value, level);
    if (isEnumType(type) && typeof value === 'string' && !type.getValue(value)) this.wrongNames++;
    if (typeof value !== 'object' || value === null) return undefined;
    if (level > MAX_LEVELS) return `is nested deeper than ${MAX_LEVELS} levels`;
    if (isListType(type)) {
      if (!Array.isArray(value)) return this.problemOf(type.ofType, value, level);
      return this.#problemOfList(type.ofType, value, level);
    }
    if (!isInputObjectType(type)) return undefined;
    const wasInValue = this.#isInValue;
    this.#isInValue ||= isValueInput(type);
    const problem = this.#problemOfObject(type, value as Readonly<Record<string, unknown>>, level);
    this.#isInValue = wasInValue;
    return problem;
  }

  #problemOfList(type: GraphQLInputType, list: readonly unknown[], level: number): string | undefined {
    if (!this.#isInValue && list.length > MAX_ENTRIES)
      return `has a list of ${list.length} entries, more than ${MAX_ENTRIES}`;
    this.#entries += list.length;
    if (this.#entries > MAX_LIST_ENTRIES)
      return `has more than ${MAX_LIST_ENTRIES} entries of lists: send fewer inputs`;
    if (isScalarType(getNullableType(type))) return undefined;
    for (const entry of list) {
      const problem = this.problemOf(type, entry, level + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #problemOfObject(
    type: GraphQLInputObjectType,
    value: Readonly<Record<string, unknown>>,
    level: number,
  ): string | undefined {
    const fields = type.getFields();
    const known = Object.keys(fields);
    this.#fields += Math.max(0, known.length - Object.keys(value).length);
    if (this.#fields > MAX_INPUT_FIELDS)
      return `has inputs that leave out more than ${MAX_INPUT_FIELDS} fields of their types: send fewer inputs`;
    let unknown = 0;
    for (const name in value) {
      const field = fields[name];
      const problem = field && this.problemOf(field.type, value[name], level + 1);
      if (problem !== undefined) return problem;
      if (field) continue;
      this.wrongNames++;
      if (++unknown > MAX_UNKNOWN)
        return `has more than ${MAX_UNKNOWN} members that ${type.name} doesn't have: ${this.#namesFields ? `it has ${known.join(', ')}` : 'remove them'}`;
    }
    return undefined;
  }
}
