/** Compiles a condition into closures. A change is tested once for each distinct filter, so the work is done here and not there. */
import type { Condition, Leaf, Order } from './condition.ts';
import {
  canonicalJson,
  compareCodePoints,
  hasMembers,
  isJsonObject,
  jsonEquals,
  needsCodePoints,
  partsOf,
} from './json-equality.ts';
import { lookup, memberAt } from './json-pointer.ts';
import { substringTest } from './substring.ts';

/** Whether a JSON value matches. The value must be no deeper than an item's value may be. */
export type Predicate = (value: unknown) => boolean;

/**
 * The predicate of a normal form.
 *
 * @example
 * const isOpen = predicateOf(valueFilter({ path: '/status', eq: 'open' }).condition);
 * isOpen({ status: 'open' }); // true
 */
export function predicateOf(condition: Condition): Predicate {
  if (condition.kind === 'some') return at(condition.pointer.steps, hasElement(predicateOf(condition.of)));
  if ('pointer' in condition) return at(condition.pointer.steps, testOf(condition));
  if (condition.kind === 'not') {
    const holds = predicateOf(condition.of);
    return (value) => !holds(value);
  }
  const predicates = condition.of.map(predicateOf);
  return condition.kind === 'all' ? every(predicates) : some(predicates);
}

function every(predicates: readonly Predicate[]): Predicate {
  return (value) => {
    for (const holds of predicates) if (!holds(value)) return false;
    return true;
  };
}

function some(predicates: readonly Predicate[]): Predicate {
  return (value) => {
    for (const holds of predicates) if (holds(value)) return true;
    return false;
  };
}

function hasElement(holds: Predicate): Predicate {
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (let index = 0; index < value.length; index++) if (holds(value[index])) return true;
    return false;
  };
}

/** Applies a test to what the steps lead to. No test holds where they lead nowhere. */
function at(steps: Leaf['pointer']['steps'], holds: Predicate): Predicate {
  const [first, ...others] = steps;
  if (!first) return holds;
  const find =
    others.length === 0
      ? (value: unknown): unknown => memberAt(value, first)
      : (value: unknown): unknown => lookup(value, steps);
  return (value) => {
    const found = find(value);
    return found !== undefined && holds(found);
  };
}

function testOf(leaf: Leaf): Predicate {
  switch (leaf.kind) {
    case 'in':
      return equalsOne(leaf.operand);
    case 'startsWith': {
      const { operand } = leaf;
      return (value) => typeof value === 'string' && value.startsWith(operand);
    }
    case 'contains':
      return containing(leaf.operand);
    case 'exists':
      return () => true;
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return typeof leaf.operand === 'number'
        ? numberTest(leaf.kind, leaf.operand)
        : stringTest(leaf.kind, leaf.operand);
  }
}

/** Whether a JSON value has no members. */
export function isScalar(value: unknown): value is string | number | boolean | null {
  return typeof value !== 'object' || value === null;
}

function equalsOne(operands: readonly unknown[]): Predicate {
  const [first] = operands;
  if (operands.length === 1) return isScalar(first) ? (value) => value === first : (value) => jsonEquals(value, first);
  // A set finds numbers by value, as `===` does for all but NaN.
  const scalars = new Set<unknown>(operands.filter(isScalar));
  const compounds = operands.filter((operand) => !isScalar(operand));
  if (compounds.length === 0) return (value) => scalars.has(value);
  const texts = new Set(compounds.map(canonicalJson));
  // A larger value equals none of them, and its JSON would take long.
  const most = Math.max(...compounds.map((operand) => partsOf(operand, Infinity)));
  return (value) =>
    isScalar(value) ? scalars.has(value) : partsOf(value, most) <= most && texts.has(canonicalJson(value));
}

function containing(operand: unknown): Predicate {
  const isElement: Predicate = isScalar(operand)
    ? (value) => (value as unknown[]).includes(operand)
    : (value) => (value as unknown[]).some((element) => jsonEquals(element, operand));
  if (typeof operand === 'string') {
    const isPart = substringTest(operand);
    return (value) => (typeof value === 'string' ? isPart(value) : Array.isArray(value) && isElement(value));
  }
  if (isJsonObject(operand))
    return (value) => (Array.isArray(value) ? isElement(value) : isJsonObject(value) && hasMembers(value, operand));
  return (value) => Array.isArray(value) && isElement(value);
}

function numberTest(order: Order, bound: number): Predicate {
  switch (order) {
    case 'lt':
      return (value) => typeof value === 'number' && value < bound;
    case 'lte':
      return (value) => typeof value === 'number' && value <= bound;
    case 'gt':
      return (value) => typeof value === 'number' && value > bound;
    case 'gte':
      return (value) => typeof value === 'number' && value >= bound;
  }
}

function stringTest(order: Order, bound: string): Predicate {
  const compare = needsCodePoints(bound) ? compareCodePoints : compareUnits;
  switch (order) {
    case 'lt':
      return (value) => typeof value === 'string' && compare(value, bound) < 0;
    case 'lte':
      return (value) => typeof value === 'string' && compare(value, bound) <= 0;
    case 'gt':
      return (value) => typeof value === 'string' && compare(value, bound) > 0;
    case 'gte':
      return (value) => typeof value === 'string' && compare(value, bound) >= 0;
  }
}

function compareUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
