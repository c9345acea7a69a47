/** What "equal" and "less" mean for JSON values. Numbers compare by value, so -0 equals 0. */
import { UnkeptNumber } from '../../model/unkept-number.ts';

/** An object of JSON. An `UnkeptNumber` stands for a number, so it has no members. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof UnkeptNumber);
}

/**
 * Whether two JSON values are equal: numbers by value, strings by code units, arrays in order, objects in any order. An `UnkeptNumber` equals
 * nothing: it doesn't have all its digits. It recurs, so the values must be no deeper than an item's value may be.
 */
export function jsonEquals(a: unknown, b: unknown): boolean {
  if (a === b) return !(a instanceof UnkeptNumber);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!jsonEquals(a[index], b[index])) return false;
    return true;
  }
  return isJsonObject(a) && isJsonObject(b) && hasMembers(a, b) && Object.keys(a).length === Object.keys(b).length;
}

/** Whether the object has each of the members, with an equal value. */
export function hasMembers(
  object: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, unknown>>,
): boolean {
  for (const name of Object.keys(members))
    if (!Object.hasOwn(object, name) || !jsonEquals(object[name], members[name])) return false;
  return true;
}

/** How many values a value consists of, itself included. Stops counting above `most`. */
export function partsOf(value: unknown, most: number): number {
  if (Array.isArray(value)) {
    let parts = 1 + value.length;
    for (let at = 0; at < value.length && parts <= most; at++) parts += partsOf(value[at], most - parts + 1) - 1;
    return parts;
  }
  if (!isJsonObject(value)) return 1;
  // `Object.values` of a large object takes two times as long.
  const names = Object.keys(value);
  let parts = 1 + names.length;
  for (const name of names) {
    if (parts > most) break;
    parts += partsOf(value[name], most - parts + 1) - 1;
  }
  return parts;
}

/** The JSON of a value, which is the same text for equal values. The value must hold no `UnkeptNumber`. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/**
 * The value with the names of its objects in an order that depends on nothing else. JavaScript puts names that are array indices
 * first, whatever the order of assignment, so that is the same for equal objects.
 */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  // `fromEntries` defines members; an assignment would treat `__proto__` specially.
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name) => [name, sorted(value[name])]),
  );
}

/** A code unit that sorts otherwise than its code point may. */
const HIGH = /[\ud800-\uffff]/;

/** The order of a text by code points. A text that only has units below the surrogates has the same order by code units. */
export function needsCodePoints(text: string): boolean {
  return HIGH.test(text);
}

/** Negative when `a` comes before `b` by code points, positive when after it, 0 when equal. Both must be well-formed. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they come after all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
