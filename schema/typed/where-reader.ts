/** Reads a typed `where` into the core's conditions, within the same bounds as a filter on JSON. */
import { BadInputError, type Issue } from '../../src/core/model/errors.ts';
import {
  all,
  ALWAYS,
  any,
  type Condition,
  isIn,
  leaf,
  not,
  someElement,
} from '../../src/core/input/where/condition.ts';
import { FilterBudget, isPlainObject, MAX_FILTER_LEVELS, shown } from '../../src/core/input/where/filter-budget.ts';
import { type JsonPointer, parsePointer, quotedShort, WHOLE } from '../../src/core/input/where/json-pointer.ts';
import { ValueFilter } from '../../src/core/input/where/where-filter.ts';
import type { FieldType, ObjectDefinition } from '../sdl/definition.ts';
import type { Kinds } from './kinds.ts';

type Path = Issue['path'];

/** Where a part of the filter stands. */
interface Place {
  readonly path: Path;
  readonly pointer: JsonPointer;
  /** Of the `…Where` that it is in; 0 is the outermost. */
  readonly level: number;
}

/**
 * The filter of a `where` as graphql-js has coerced it. `path`: where it is in the arguments, for errors.
 * @throws {BadInputError} with paths such as `filter.where.price.eq`
 */
export function typedFilter(kinds: Kinds, definition: ObjectDefinition, input: unknown, path: Path): ValueFilter {
  const budget = new FilterBudget(path);
  const place = { path, pointer: WHOLE, level: 0 };
  const condition = new WhereReader(kinds, budget).where(definition, input, place, false);
  if (budget.issues.length > 0) throw new BadInputError(budget.issues);
  return new ValueFilter(condition);
}

const EMPTY: readonly unknown[] = Object.freeze([Object.freeze([])]);
const NULL: readonly unknown[] = Object.freeze([null]);

/** A member that is null is not stored, but a value may have been stored in another way. */
function isNull(pointer: JsonPointer): Condition {
  return any([not(leaf(pointer, { kind: 'exists', operand: true })), isIn(pointer, NULL)]);
}

/** Whether a condition on what is in an object may hold where the object is null, so that nothing is there. */
function holdsOnNothing(condition: Condition): boolean {
  if (condition.kind === 'not') return !holdsOnNothing(condition.of);
  if ('pointer' in condition) return false;
  return condition.kind === 'all' ? condition.of.every(holdsOnNothing) : condition.of.some(holdsOnNothing);
}

/** Conditions of refused members are arbitrary, because issues end in an error. */
class WhereReader {
  readonly #kinds: Kinds;
  readonly #budget: FilterBudget;

  constructor(kinds: Kinds, budget: FilterBudget) {
    this.#kinds = kinds;
    this.#budget = budget;
  }

  /** `isNested`: the object at the pointer may be null, and then nothing in it holds. */
  where(definition: ObjectDefinition, input: unknown, place: Place, isNested: boolean): Condition {
    const { path, pointer, level } = place;
    if (this.#budget.isSpent) return ALWAYS;
    if (!isPlainObject(input)) return this.#refused(path, `must not be ${shown(input)}: leave it out`);
    if (level > MAX_FILTER_LEVELS)
      return this.#refused(
        path,
        `must not nest filters deeper than ${MAX_FILTER_LEVELS} levels: join nested "and" and "or"`,
      );
    this.#budget.spendBytes(3);
    const present = (condition: Condition): Condition =>
      isNested && holdsOnNothing(condition) ? all([not(isNull(pointer)), condition]) : condition;
    const conditions: Condition[] = [];
    for (const name of Object.keys(input)) {
      if (this.#budget.isSpent) break;
      const given = input[name];
      if (given === undefined) continue;
      const below = { ...place, path: [...path, name] };
      this.#budget.spendText(name);
      if (name === 'and' || name === 'or' || name === 'not') {
        this.#budget.spendOperator(below.path);
        if (name === 'not') conditions.push(this.#not(definition, given, below, isNested));
        else conditions.push(this.#several(name, definition, given, below, isNested));
      } else if (name === 'isNull' && isNested) conditions.push(this.#isNull(given, below));
      else conditions.push(present(this.#field(definition, name, given, below)));
    }
    return all(conditions);
  }

  #not(definition: ObjectDefinition, given: unknown, place: Place, isNested: boolean): Condition {
    const condition = not(this.where(definition, given, { ...place, level: place.level + 1 }, isNested));
    return isNested ? all([not(isNull(place.pointer)), condition]) : condition;
  }

  #several(
    name: 'and' | 'or',
    definition: ObjectDefinition,
    given: unknown,
    place: Place,
    isNested: boolean,
  ): Condition {
    const { path, level } = place;
    if (!Array.isArray(given)) return this.#refused(path, `must be a list, got ${shown(given)}: leave it out`);
    const conditions: Condition[] = [];
    for (let index = 0; index < given.length && !this.#budget.isSpent; index++)
      conditions.push(
        this.where(definition, given[index], { ...place, path: [...path, index], level: level + 1 }, isNested),
      );
    return name === 'and' ? all(conditions) : any(conditions);
  }

  #field(definition: ObjectDefinition, name: string, given: unknown, place: Place): Condition {
    const { path } = place;
    const field = definition.fields.find((one) => one.name === name);
    if (!field) return this.#refused(path, `unknown field ${quotedShort(name)}`);
    if (!isPlainObject(given)) return this.#refused(path, notNull(given));
    const below = { ...place, pointer: parsePointer(`${place.pointer.text}/${name}`) };
    const { type } = field;
    if (type.kind === 'named') {
      const named = this.#kinds.of(type.name);
      if (named.kind === 'object')
        return this.where(named.definition, given, { ...below, level: place.level + 1 }, true);
    }
    return this.#condition(type, given, below);
  }

  /** The members of a condition. graphql-js has seen that the type has them. */
  #condition(type: FieldType, given: Readonly<Record<string, unknown>>, place: Place): Condition {
    this.#budget.spendBytes(3);
    const conditions: Condition[] = [];
    for (const operator of Object.keys(given)) {
      if (this.#budget.isSpent) break;
      const operand = given[operator];
      if (operand === undefined) continue;
      const below = { ...place, path: [...place.path, operator] };
      if (operator === 'isNull') {
        this.#budget.spendText(operator);
        conditions.push(this.#isNull(operand, below));
        continue;
      }
      this.#budget.spendOperator(below.path);
      this.#budget.spendText(operator);
      if (operand === null) conditions.push(this.#refused(below.path, notNull(operand)));
      else conditions.push(this.#operator(type, operator, operand, below));
    }
    return all(conditions);
  }

  #operator(type: FieldType, operator: string, operand: unknown, place: Place): Condition {
    const { pointer, path } = place;
    switch (operator) {
      case 'eq':
        return this.#leaf(type, operand, path, (value) => isIn(pointer, [value]));
      case 'ne':
        return this.#leaf(type, operand, path, (value) => not(isIn(pointer, [value])));
      case 'in':
        return this.#oneOf(type, operand, place);
      case 'notIn':
        return not(this.#oneOf(type, operand, place));
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return this.#leaf(type, operand, path, (value) =>
          leaf(pointer, { kind: operator, operand: value as number | string }),
        );
      case 'startsWith':
        return this.#leaf(type, operand, path, (value) => leaf(pointer, { kind: operator, operand: value as string }));
      case 'contains':
        return this.#leaf(type, operand, path, (value) => leaf(pointer, { kind: operator, operand: value }));
      case 'has':
        return this.#has(type, operand, place);
      case 'isEmpty': {
        if (typeof operand !== 'boolean') return this.#refused(path, `must be true or false, got ${shown(operand)}`);
        const isEmpty = isIn(pointer, EMPTY);
        return operand ? isEmpty : not(isEmpty);
      }
      default:
        return this.#refused(path, `unknown operator ${quotedShort(operator)}`);
    }
  }

  #has(type: FieldType, operand: unknown, place: Place): Condition {
    const { pointer, path, level } = place;
    const of = type.kind === 'list' ? type.of : type;
    const named = of.kind === 'named' ? this.#kinds.of(of.name) : undefined;
    if (named?.kind !== 'object')
      return this.#leaf(of, operand, path, (value) => leaf(pointer, { kind: 'contains', operand: value }));
    const element = this.where(named.definition, operand, { path, pointer: WHOLE, level: level + 1 }, true);
    return this.#budget.issues.length > 0 ? ALWAYS : someElement(pointer, element);
  }

  #isNull(given: unknown, { path, pointer }: Place): Condition {
    this.#budget.spendOperator(path);
    if (typeof given !== 'boolean') return this.#refused(path, `must be true or false, got ${shown(given)}`);
    this.#budget.spendBytes(5);
    return given ? isNull(pointer) : not(isNull(pointer));
  }

  #oneOf(type: FieldType, given: unknown, { pointer, path }: Place): Condition {
    if (!Array.isArray(given))
      return this.#refused(path, `must be a list, got ${shown(given)}: use "eq" for one value`);
    this.#budget.spendElements(path, given.length);
    const operands: unknown[] = [];
    for (let index = 0; index < given.length && !this.#budget.isSpent; index++) {
      const element: unknown = given[index];
      const place = [...path, index];
      if (element === null) this.#budget.refuse(place, notNull(element));
      else operands.push(this.#budget.operand(this.#stored(type, element), place));
      this.#budget.spendBytes(1);
    }
    return this.#budget.issues.length > 0 ? ALWAYS : isIn(pointer, operands);
  }

  #leaf(type: FieldType, given: unknown, path: Path, condition: (operand: unknown) => Condition): Condition {
    const operand = this.#budget.operand(this.#stored(type, given), path);
    return this.#budget.issues.length > 0 ? ALWAYS : condition(operand);
  }

  /** An operand as values are stored, so that equal times are equal. */
  #stored(type: FieldType, operand: unknown): unknown {
    if (type.kind === 'list') return operand;
    const named = this.#kinds.of(type.name);
    return named.kind === 'scalar' ? named.scalar.stored(operand) : operand;
  }

  #refused(path: Path, message: string): Condition {
    this.#budget.refuse(path, message);
    return ALWAYS;
  }
}

const notNull = (given: unknown): string =>
  given === null ? 'must not be null: leave it out, or use isNull' : `must be a condition, got ${shown(given)}`;
