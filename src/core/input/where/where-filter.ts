/** Filters on values, as callers give them: `{ path: '/status', eq: 'open' }`. */
import { BadInputError, type Issue } from '../../model/errors.ts';
import { UnkeptNumber } from '../../model/unkept-number.ts';
import { all, ALWAYS, any, type Condition, isIn, leaf, not, type Order } from './condition.ts';
import { FilterBudget, isPlainObject, MAX_FILTER_LEVELS, shown } from './filter-budget.ts';
import { type JsonPointer, parsePointer, pointerProblem, quotedShort, WHOLE } from './json-pointer.ts';
import { isScalar, type Predicate, predicateOf } from './predicate.ts';

type Path = Issue['path'];

/**
 * All members that are given must hold; `{}` matches every value. Where `path` leads nowhere, `exists: false`, `ne` and `notIn` hold and
 * everything else is false. At most 64 operators, 8 levels of filters in filters, 1,000 elements in all `in` and `notIn`, and 65,536 bytes.
 *
 * @example
 * { path: '/status', in: ['open', 'held'], and: [{ path: '/price', gte: 100 }] }
 */
export interface ValueFilterInput {
  /** A JSON Pointer (RFC 6901) into the value: `/status`, `/tags/0`. `and`, `or` and `not` don't use it. @default the value itself */
  readonly path?: string | undefined;
  /** Equals it: numbers by value, objects in any order of members. `null` is JSON's null. */
  readonly eq?: unknown;
  readonly ne?: unknown;
  /** Equals an element. */
  readonly in?: readonly unknown[] | undefined;
  readonly notIn?: readonly unknown[] | undefined;
  /** A number compares with numbers, a string with strings by code points; anything else is false. */
  readonly lt?: number | string | undefined;
  readonly lte?: number | string | undefined;
  readonly gt?: number | string | undefined;
  readonly gte?: number | string | undefined;
  readonly startsWith?: string | undefined;
  /** A string has this substring, an array this element, an object each of these members with an equal value. */
  readonly contains?: unknown;
  /** Whether `path` leads somewhere; to a null is somewhere. */
  readonly exists?: boolean | undefined;
  /** Each matches the same value. An empty list holds. */
  readonly and?: readonly ValueFilterInput[] | undefined;
  /** One of them matches the same value. An empty list doesn't hold. */
  readonly or?: readonly ValueFilterInput[] | undefined;
  /** Doesn't match the same value. */
  readonly not?: ValueFilterInput | undefined;
}

/** A checked filter. Made by `valueFilter`. */
export class ValueFilter {
  readonly condition: Condition;
  #matches: Predicate | undefined;
  #weight: number | undefined;

  constructor(condition: Condition) {
    this.condition = condition;
  }

  /** The same for filters that differ only in order and spelling. */
  get name(): string {
    return this.condition.name;
  }

  /** Each must hold for a value that matches, so an index can find the filters that a value concerns. */
  get equalities(): readonly IndexedEquality[] {
    return equalitiesOf(this.condition);
  }

  /** What a test costs, relative to that of one condition on the same value. */
  get weight(): number {
    return (this.#weight ??= 1 + leavesOf(this.condition) / 8);
  }

  /** Whether a JSON value matches. Compiled when it is read first. */
  get matches(): Predicate {
    return (this.#matches ??= predicateOf(this.condition));
  }
}

/** JSON without members. A `Map` finds them as JSON compares them: numbers by value. */
export type Scalar = string | number | boolean | null;

/** The pointer leads to one of the values. */
export interface IndexedEquality {
  readonly pointer: JsonPointer;
  readonly values: readonly Scalar[];
}

/** An index has an entry for each value, so a longer `in` is evaluated instead. */
const MAX_INDEXED_VALUES = 16;

/**
 * Checks a filter and brings it into its normal form. `path` is where it is in the arguments, for errors.
 * @throws {BadInputError} with paths such as `where.and.0.lt`
 */
export function valueFilter(input: ValueFilterInput, path: Path = []): ValueFilter {
  const budget = new FilterBudget(path);
  const condition = new FilterReader(budget).read(input, path, 0);
  if (budget.issues.length > 0) throw new BadInputError(budget.issues);
  return new ValueFilter(condition);
}

/** Visiting the elements of `[{},{}]` takes longer a byte than anything that looks at a value once. */
const LEAVES_OF_ELEMENTS = 4;

function leavesOf(condition: Condition): number {
  if (condition.kind === 'not') return leavesOf(condition.of);
  if (condition.kind === 'some') return 1 + LEAVES_OF_ELEMENTS * Math.max(1, leavesOf(condition.of));
  if ('pointer' in condition) return 1;
  return condition.of.reduce((sum, part) => sum + leavesOf(part), 0);
}

function equalitiesOf(condition: Condition): readonly IndexedEquality[] {
  const parts = condition.kind === 'all' ? condition.of : [condition];
  return parts.flatMap((part) =>
    part.kind === 'in' && part.operand.length <= MAX_INDEXED_VALUES && part.operand.every(isScalar)
      ? [{ pointer: part.pointer, values: part.operand }]
      : [],
  );
}

const OPERATORS = [
  'eq',
  'ne',
  'in',
  'notIn',
  'lt',
  'lte',
  'gt',
  'gte',
  'startsWith',
  'contains',
  'exists',
  'and',
  'or',
  'not',
] as const;
type Operator = (typeof OPERATORS)[number];

const isOperator = (name: string): name is Operator => (OPERATORS as readonly string[]).includes(name);
const takesNull = (name: string): boolean => name === 'eq' || name === 'ne' || name === 'contains';

/** Where an operator stands. */
interface Place {
  readonly pointer: JsonPointer;
  readonly path: Path;
  /** Of the filter that has the operator; 0 is the outermost. */
  readonly level: number;
}

/** Conditions of refused members are arbitrary, because issues end in an error. */
class FilterReader {
  private readonly budget: FilterBudget;

  constructor(budget: FilterBudget) {
    this.budget = budget;
  }

  read(input: unknown, path: Path, level: number): Condition {
    if (this.budget.isSpent) return ALWAYS;
    if (!isPlainObject(input))
      return this.refused(
        path,
        `must be a filter, got ${shown(input)}: use an object such as {"path":"/status","eq":"open"}`,
      );
    if (level > MAX_FILTER_LEVELS)
      return this.refused(
        path,
        `must not nest filters deeper than ${MAX_FILTER_LEVELS} levels: join nested "and" and "or"`,
      );
    this.budget.spendBytes(3);
    const pointer = Object.hasOwn(input, 'path') ? this.pointer(input['path'], [...path, 'path']) : WHOLE;
    const conditions: Condition[] = [];
    for (const name of Object.keys(input)) {
      if (this.budget.isSpent) break;
      const given = input[name];
      if (given === undefined || name === 'path') continue;
      if (!isOperator(name))
        this.refused(path, `unknown member ${quotedShort(name)}: use path, ${OPERATORS.join(', ')}`);
      else conditions.push(this.member(name, given, { pointer, path: [...path, name], level }));
    }
    return all(conditions);
  }

  private pointer(given: unknown, path: Path): JsonPointer {
    if (given === undefined) return WHOLE;
    const problem =
      typeof given === 'string'
        ? pointerProblem(given)
        : `must be a string, got ${shown(given)}: leave it out for the value itself`;
    if (problem === undefined) {
      this.budget.spendText(given as string);
      return this.budget.isSpent ? WHOLE : parsePointer(given as string);
    }
    this.budget.refuse(path, problem);
    return WHOLE;
  }

  private member(operator: Operator, given: unknown, place: Place): Condition {
    const { pointer, path } = place;
    this.budget.spendOperator(path);
    this.budget.spendText(operator);
    if (given === null && !takesNull(operator))
      return this.refused(path, 'must not be null: leave it out, or use "eq" or "ne" to compare with null');
    switch (operator) {
      case 'eq':
        return this.equality(given, pointer, path);
      case 'ne':
        return not(this.equality(given, pointer, path));
      case 'in':
        return this.oneOf(given, pointer, path);
      case 'notIn':
        return not(this.oneOf(given, pointer, path));
      case 'startsWith':
        if (typeof given !== 'string')
          return this.refused(path, `must be a string, got ${shown(given)}: only strings start with something`);
        return this.leafOf(given, path, (operand) => leaf(pointer, { kind: operator, operand: operand as string }));
      case 'contains':
        return this.leafOf(given, path, (operand) => leaf(pointer, { kind: operator, operand }));
      case 'exists': {
        if (typeof given !== 'boolean') return this.refused(path, `must be true or false, got ${shown(given)}`);
        const exists = leaf(pointer, { kind: operator, operand: true });
        return given ? exists : not(exists);
      }
      case 'and':
        return all(this.filters(given, place));
      case 'or':
        return any(this.filters(given, place));
      case 'not':
        return not(this.read(given, path, place.level + 1));
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return this.comparison(operator, given, place);
    }
  }

  private comparison(kind: Order, given: unknown, { pointer, path }: Place): Condition {
    if (typeof given !== 'number' && typeof given !== 'string' && !(given instanceof UnkeptNumber))
      return this.refused(path, `must be a number or a string, got ${shown(given)}: nothing else has an order`);
    return this.leafOf(given, path, (operand) => leaf(pointer, { kind, operand: operand as number | string }));
  }

  private leafOf(given: unknown, path: Path, condition: (operand: unknown) => Condition): Condition {
    const operand = this.budget.operand(given, path);
    return this.budget.issues.length > 0 ? ALWAYS : condition(operand);
  }

  private equality(given: unknown, pointer: JsonPointer, path: Path): Condition {
    return this.leafOf(given, path, (operand) => isIn(pointer, [operand]));
  }

  private oneOf(given: unknown, pointer: JsonPointer, path: Path): Condition {
    if (!Array.isArray(given)) return this.refused(path, `must be a list, got ${shown(given)}: use "eq" for one value`);
    this.budget.spendElements(path, given.length);
    const operands: unknown[] = [];
    for (let index = 0; index < given.length && !this.budget.isSpent; index++) {
      const element: unknown = given[index];
      const place = [...path, index];
      if (element === null) this.budget.refuse(place, 'must not be null: use "eq" or "ne" to compare with null');
      else operands.push(this.budget.operand(element, place));
      this.budget.spendBytes(1);
    }
    return this.budget.issues.length > 0 ? ALWAYS : isIn(pointer, operands);
  }

  private filters(given: unknown, { path, level }: Place): readonly Condition[] {
    if (!Array.isArray(given)) {
      this.refused(path, `must be a list of filters, got ${shown(given)}: use [{…}]`);
      return [];
    }
    const conditions: Condition[] = [];
    for (let index = 0; index < given.length && !this.budget.isSpent; index++)
      conditions.push(this.read(given[index], [...path, index], level + 1));
    return conditions;
  }

  private refused(path: Path, message: string): Condition {
    this.budget.refuse(path, message);
    return ALWAYS;
  }
}
