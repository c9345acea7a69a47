/**
 * The normal form of filters on values. Filters that differ only in the order or the spelling of their conditions have the same normal form,
 * and so the same name. `ne`, `notIn` and `exists: false` are negations: they hold exactly where `eq`, `in` and `exists: true` don't.
 */
import { canonicalJson } from './json-equality.ts';
import type { JsonPointer } from './json-pointer.ts';

/** Holds for a value or doesn't. Frozen. The name is JSON in the form of a filter, the same for equal conditions. */
export type Condition = Combination | Negation | Leaf | SomeElement;

export interface Combination {
  readonly kind: 'all' | 'any';
  readonly of: readonly Condition[];
  readonly name: string;
}

export interface Negation {
  readonly kind: 'not';
  readonly of: Condition;
  readonly name: string;
}

/** Holds where the pointer leads to an array, and `of` holds for at least one element: the pointers in `of` start at the element. */
export interface SomeElement {
  readonly kind: 'some';
  readonly pointer: JsonPointer;
  readonly of: Condition;
  readonly name: string;
}

/** A condition on what the pointer leads to. Doesn't hold where the pointer leads nowhere. */
export type Leaf = { readonly pointer: JsonPointer; readonly name: string } & Test;

export type Order = 'lt' | 'lte' | 'gt' | 'gte';

export type Test = Equality | Comparison | Start | Containment | Existence;

/** Holds for a value that equals one of the operands, of which there is at least one. */
interface Equality {
  readonly kind: 'in';
  readonly operand: readonly unknown[];
}

interface Comparison {
  readonly kind: Order;
  readonly operand: number | string;
}

interface Start {
  readonly kind: 'startsWith';
  readonly operand: string;
}

interface Containment {
  readonly kind: 'contains';
  readonly operand: unknown;
}

interface Existence {
  readonly kind: 'exists';
  readonly operand: true;
}

/** Always holds. */
export const ALWAYS: Condition = Object.freeze({ kind: 'all', of: Object.freeze([]), name: '{}' });
/** Never holds. */
export const NEVER: Condition = Object.freeze({ kind: 'any', of: Object.freeze([]), name: '{"or":[]}' });

/** Holds where the value equals one of the operands. The operands must be frozen. */
export function isIn(pointer: JsonPointer, operands: readonly unknown[]): Condition {
  // An operand's JSON is the same for equal operands, so the map drops duplicates.
  const byText = new Map(operands.map((operand) => [canonicalJson(operand), operand]));
  const texts = [...byText.keys()].toSorted();
  const [only] = texts;
  if (only === undefined) return NEVER;
  const text = texts.length === 1 ? `"eq":${only}` : `"in":[${texts.join(',')}]`;
  const operand = Object.freeze(texts.map((key) => byText.get(key)));
  return Object.freeze({ kind: 'in', operand, pointer, name: nameOf(pointer, text) });
}

/** Holds where the pointer leads somewhere, and the test holds for what is there. The operand must be frozen. */
export function leaf(pointer: JsonPointer, test: Exclude<Test, Equality>): Condition {
  if (test.kind === 'exists' && pointer.text === '') return ALWAYS;
  const name = nameOf(pointer, `"${test.kind}":${canonicalJson(test.operand)}`);
  return Object.freeze({ ...test, pointer, name });
}

/** Holds where the pointer leads to an array with an element that the condition holds for. */
export function someElement(pointer: JsonPointer, of: Condition): Condition {
  if (of === NEVER) return NEVER;
  return Object.freeze({ kind: 'some', pointer, of, name: nameOf(pointer, `"some":${of.name}`) });
}

function nameOf({ text }: JsonPointer, test: string): string {
  return text === '' ? `{${test}}` : `{"path":${JSON.stringify(text)},${test}}`;
}

export function not(condition: Condition): Condition {
  if (condition.kind === 'not') return condition.of;
  if (condition === ALWAYS) return NEVER;
  if (condition === NEVER) return ALWAYS;
  return Object.freeze({ kind: 'not', of: condition, name: `{"not":${condition.name}}` });
}

export function all(conditions: readonly Condition[]): Condition {
  return combined('all', conditions);
}

export function any(conditions: readonly Condition[]): Condition {
  return combined('any', withJoinedEqualities(conditions.flatMap((one) => (one.kind === 'any' ? one.of : one))));
}

function combined(kind: Combination['kind'], conditions: readonly Condition[]): Condition {
  const [neutral, deciding] = kind === 'all' ? [ALWAYS, NEVER] : [NEVER, ALWAYS];
  const byName = new Map<string, Condition>();
  for (const condition of conditions) {
    if (condition === deciding) return deciding;
    for (const part of condition.kind === kind ? condition.of : [condition]) byName.set(part.name, part);
  }
  const names = [...byName.keys()].toSorted();
  const [only] = byName.values();
  if (only === undefined) return neutral;
  if (byName.size === 1) return only;
  // The names are the map's own keys, so each has its condition.
  const of = Object.freeze(names.map((name) => byName.get(name) as Condition));
  return Object.freeze({ kind, of, name: `{"${kind === 'all' ? 'and' : 'or'}":[${names.join(',')}]}` });
}

/** Replaces equalities of one pointer by one equality. An equality with null stays alone, because an `in` of a filter has no null. */
function withJoinedEqualities(conditions: readonly Condition[]): readonly Condition[] {
  const byPointer = new Map<string, (Leaf & Equality)[]>();
  const rest: Condition[] = [];
  for (const condition of conditions) {
    if (condition.kind !== 'in' || condition.operand.includes(null)) rest.push(condition);
    else {
      const same = byPointer.get(condition.pointer.text);
      if (same) same.push(condition);
      else byPointer.set(condition.pointer.text, [condition]);
    }
  }
  for (const same of byPointer.values()) {
    const [first] = same;
    if (first)
      rest.push(
        isIn(
          first.pointer,
          same.flatMap(({ operand }) => operand),
        ),
      );
  }
  return rest;
}
