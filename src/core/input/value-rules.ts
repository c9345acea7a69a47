/**
 * The rules of one map for its values: the key of a value, and whether a value is valid. They are applied before a write. Entries of the
 * log are not checked again, so a rule that became stricter drops no item.
 */
import { BadInputError, type Issue, plainKey } from '../model/errors.ts';
import type { InsertInput } from './insert-input.ts';

/** An insertion into a map with `keyOf`, which derives the key from the value. */
export type KeyedInput<Value> = Omit<InsertInput<Value>, 'key'>;

/**
 * The part of Standard Schema (https://standardschema.dev) that is used: zod, valibot, arktype and others implement it. The schema's output
 * is inserted, so the output must be JSON, and valid input to the same schema.
 */
export interface ValueSchema<Value> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ValueResult<Value> | Promise<ValueResult<Value>>;
    /** Only for type inference. */
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

/**
 * A Standard Schema, or a function that returns the value or throws. Synchronous.
 *
 * @example
 * const validate = z.object({ price: z.number() });
 */
export type Validate<Value> = ValueSchema<Value> | ((value: unknown) => Value);

/** The rules of a map for its values. */
export interface ValueRules<Value> {
  /** Derives the key from a value. @default each insertion has a `key` */
  readonly keyOf?: ((value: Value) => string) | undefined;
  /** Checks, and may replace, each value before it is written. @default any JSON except null */
  readonly validate?: Validate<Value> | undefined;
}

/** Rules with a `keyOf`: the inputs have no `key`. */
export interface KeyedRules<Value> extends ValueRules<Value> {
  readonly keyOf: (value: Value) => string;
}

/** Applies the rules to the inputs. @throws {BadInputError} with paths such as `inputs.0.value.price`. */
export function applyRules<Value>(
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
  // An undefined input has issues, so none is left here: the filter is for the type.
  return checked.filter((input) => input !== undefined);
}

type Checked<Value> = { readonly value: Value; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

function resultOf<Value>(validate: Validate<Value>, value: unknown): Checked<Value> {
  if ('~standard' in validate) return standardResult(validate['~standard'].validate(value));
  try {
    return { value: synchronous(validate(value)) };
  } catch (error) {
    if (error instanceof AsyncValidation) throw error;
    if (error instanceof BadInputError) return { issues: error.issues };
    return { issues: [{ path: [], message: error instanceof Error ? error.message : String(error) }] };
  }
}

function standardResult<Value>(given: ValueResult<Value> | Promise<ValueResult<Value>>): Checked<Value> {
  const result = synchronous(given);
  if (!result.issues) return result;
  return { issues: result.issues.map(({ path = [], message }) => ({ path: path.map(plainKey), message })) };
}

/** A bug in the program, not in the input. */
class AsyncValidation extends TypeError {}

function synchronous<T>(result: T | PromiseLike<T>): T {
  if (!isThenable(result)) return result;
  // Its rejection must not end the process.
  result.then(undefined, () => {});
  throw new AsyncValidation('`validate` must be synchronous, but returned a promise');
}

/** Checked by shape, because a promise of another realm or library is not an instance of this `Promise`. */
function isThenable<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function';
}
