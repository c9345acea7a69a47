/**
 * What the user of a map says about its values: under which key one goes, and whether it is one. Asked before anything is written; what
 * comes from the log was asked by whoever wrote it, and isn't again: a rule that was tightened since doesn't drop what is there.
 */
import { BadInputError, type Issue, plainKey } from '../model/errors.ts';
import type { InsertInput } from './insert-input.ts';

/** An insertion into a map that knows where its values go. */
export type KeyedInput<Value> = Omit<InsertInput<Value>, 'key'>;

/**
 * As much of Standard Schema (https://standardschema.dev) as is needed: zod, valibot, arktype and others are it. What it makes of a
 * value is what is inserted, so it must be JSON, and a value again to the same schema.
 */
export interface ValueSchema<Value> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ValueResult<Value> | Promise<ValueResult<Value>>;
    /** For inference only. */
    readonly types?: { readonly input: unknown; readonly output: Value } | undefined;
  };
}

type ValueResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** A schema, or a function that answers with the value and throws what is wrong with it. Synchronous. */
export type Validate<Value> = ValueSchema<Value> | ((value: unknown) => Value);

export interface ValueRules<Value> {
  /** Under which key a value goes. Default: each insertion names its key. */
  readonly keyOf?: ((value: Value) => string) | undefined;
  /** Default: any JSON but null. */
  readonly validate?: Validate<Value> | undefined;
}

export interface KeyedRules<Value> extends ValueRules<Value> {
  readonly keyOf: (value: Value) => string;
}

/** The inputs as they may be inserted. Throws `BadInputError`, with paths below the inputs' values. */
export function ruled<Value>(
  inputs: readonly (InsertInput<Value> | KeyedInput<Value>)[],
  { keyOf, validate }: ValueRules<Value>,
): readonly InsertInput<Value>[] {
  if (!keyOf && !validate) return inputs as readonly InsertInput<Value>[];
  const issues: Issue[] = [];
  const checked = inputs.map((input, index) => {
    const result = validate ? resultOf(validate, input.value) : { value: input.value };
    if (result.issues) {
      issues.push(
        ...result.issues.map(({ path, message }) => ({ path: ['inputs', index, 'value', ...path], message })),
      );
      return undefined;
    }
    const { value } = result;
    return { ...input, value, key: keyOf ? keyOf(value) : (input as InsertInput<Value>).key };
  });
  if (issues.length > 0) throw new BadInputError(issues);
  // Those that are none have issues.
  return checked.filter((input) => input !== undefined);
}

function resultOf<Value>(
  validate: Validate<Value>,
  value: unknown,
): { value: Value; issues?: undefined } | { issues: readonly Issue[] } {
  if ('~standard' in validate) return standardResult(validate['~standard'].validate(value));
  try {
    return { value: synchronous(validate(value)) };
  } catch (error) {
    if (error instanceof AsyncValidation) throw error;
    if (error instanceof BadInputError) return { issues: error.issues };
    return { issues: [{ path: [], message: error instanceof Error ? error.message : String(error) }] };
  }
}

function standardResult<Value>(
  given: ValueResult<Value> | Promise<ValueResult<Value>>,
): { value: Value; issues?: undefined } | { issues: readonly Issue[] } {
  const result = synchronous(given);
  if (!result.issues) return result;
  return { issues: result.issues.map(({ path = [], message }) => ({ path: path.map(plainKey), message })) };
}

/** A fault of the program, not of the input. */
class AsyncValidation extends TypeError {}

function synchronous<T>(result: T | PromiseLike<T>): T {
  if (!isThenable(result)) return result;
  // Nobody waits for it.
  result.then(undefined, () => {});
  throw new AsyncValidation('`validate` must be synchronous: an item has its place when it is inserted');
}

/** A promise of another realm or library is none of this one's class. */
function isThenable<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function';
}
