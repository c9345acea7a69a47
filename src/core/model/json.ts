/**
 * JSON that keeps its numbers. `JSON.parse` silently rounds a number that no double holds; `JSON.stringify` writes some doubles as
 * another number. Both are used wherever neither can happen, which is nearly always.
 */
import { UnkeptNumber } from './unkept-number.ts';

export { UnkeptNumber };

/** `JSON.stringify` writes integers from here on with an exponent. */
const EXPONENTS_FROM = 1e21;

/** Every integer of at most so many digits is kept. */
const DIGITS_KEPT = 15;
/** A fraction of at most so many digits is not rounded to 0. */
const FRACTION_KEPT = 300;
/** Matches a number with an exponent, but not the end of a string. */
const EXPONENT = /\d[eE][-+]?\d+(?:[\s,\]}]|$)/;

/** `JSON.parse` takes some 20 ms for so many levels, and two times as long for the brackets of a megabyte. */
const MAX_NESTING = 250_000;

/** For a text that only consists of nesting. */
export class NestedTooDeep extends RangeError {}

/** Marks a string that stands for a number. No text that is parsed has it, because nobody else knows it. */
const MARK = `unkept ${crypto.randomUUID()} `;

/**
 * `JSON.parse`, with an `UnkeptNumber` for each number that can't be kept.
 * @throws {SyntaxError}
 * @throws {RangeError} for JSON that is nested too deep
 */
export function parseJson(text: string): unknown {
  assertShallow(text);
  const value: unknown = JSON.parse(text);
  const marked = mayHoldUnkept(text) ? withMarks(text) : text;
  // A reviver takes ten times as long.
  return marked === text ? value : withUnkept(JSON.parse(marked));
}

/** Whether a JSON text may have a number that can't be kept, or a string that looks like one. */
function mayHoldUnkept(text: string): boolean {
  return hasManyDigits(text) || EXPONENT.test(text);
}

/**
 * Whether the text has a run of digits, not at the end of a string, that is too long to be surely kept. Such a run is longer than the
 * step of the loop, so one step hits it.
 */
function hasManyDigits(text: string): boolean {
  for (let at = DIGITS_KEPT; at < text.length; at += DIGITS_KEPT + 1) {
    if (!isDigit(text, at)) continue;
    let [start, end] = [at, at + 1];
    while (isDigit(text, start - 1)) start--;
    while (isDigit(text, end)) end++;
    const most = text[start - 1] === '.' ? FRACTION_KEPT : DIGITS_KEPT;
    if (end - start > most && text[end] !== '"') return true;
    // Continues after the run, so that a long run is read once.
    at = Math.max(at, end - DIGITS_KEPT - 1);
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code <= NINE;
}

/** A valid JSON text with a marked string in place of each number that can't be kept. */
function withMarks(text: string): string {
  let marked = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = endOfString(text, at);
    else if (text[at] === '-' || isDigit(text, at)) {
      const start = at;
      let isLong = false;
      for (; isInNumber(text, at + 1); at++) isLong ||= (text.charCodeAt(at + 1) | 0x20) === LOWER_E;
      if (!isLong && at - start < DIGITS_KEPT) continue;
      const source = text.slice(start, at + 1);
      if (isKept(source)) continue;
      marked += `${text.slice(copied, start)}"${MARK}${source}"`;
      copied = at + 1;
    }
  }
  return copied === 0 ? text : marked + text.slice(copied);
}

const [ZERO, NINE, POINT, PLUS, MINUS, LOWER_E] = [0x30, 0x39, 0x2e, 0x2b, 0x2d, 0x65];

function isInNumber(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (
    (code >= ZERO && code <= NINE) || code === POINT || code === PLUS || code === MINUS || (code | 0x20) === LOWER_E
  );
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** The value with numbers for its marked strings, changed in place. */
function withUnkept(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? new UnkeptNumber(value.slice(MARK.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    // By index: an array's names are texts.
    for (let index = 0; index < value.length; index++) value[index] = withUnkept(value[index]);
    return value;
  }
  const members = value as Record<string, unknown>;
  // `JSON.parse` has made `__proto__` a member like any other, so the assignment is one as well.
  for (const name in members) members[name] = withUnkept(members[name]);
  return value;
}

/** @throws {NestedTooDeep} */
export function assertShallow(text: string): void {
  if (text.length <= MAX_NESTING) return;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_NESTING) throw new NestedTooDeep(`nested deeper than ${MAX_NESTING} levels`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

/** Parses a number of a JSON or GraphQL text. */
export function parseNumber(source: string): number | UnkeptNumber {
  return isKept(source) ? Number(source) : new UnkeptNumber(source);
}

/**
 * Whether a double represents the number well enough. A fraction becomes the nearest double; an integer must be held exactly. A number with
 * an exponent need only print as it was written, as every number printed by JavaScript does: 6.02214076e23.
 */
function isKept(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  const size = Math.abs(value);
  if (size > 0 && size <= Number.MAX_SAFE_INTEGER) return true;
  // Short integers are the common case, and need no decimal.
  if (size !== 0 && source.length < 25 && INTEGER.test(source)) return BigInt(source) === BigInt(value);
  const { digits, exponent } = decimalOf(source);
  if (size === 0) return digits === '';
  if (exponent < 0) return true;
  if (size >= EXPONENTS_FROM && /e/i.test(source)) {
    const written = decimalOf(String(value));
    if (written.digits === digits && written.exponent === exponent) return true;
  }
  // A finite number has 309 digits at most, so the powers stay small.
  return BigInt(digits) * 10n ** BigInt(exponent) === BigInt(size);
}

const INTEGER = /^-?\d+$/;

/** The number as ±digits × 10^exponent. The digits neither begin nor end with a zero; 0 has no digits. */
function decimalOf(source: string): { readonly digits: string; readonly exponent: number } {
  const first = source[0] === '-' ? 1 : 0;
  let [point, power] = [-1, source.length];
  for (let at = first; at < source.length && power === source.length; at++) {
    const code = source.charCodeAt(at);
    if (code === POINT) point = at;
    else if ((code | 0x20) === LOWER_E) power = at;
  }
  const all = point < 0 ? source.slice(first, power) : source.slice(first, point) + source.slice(point + 1, power);
  const fraction = point < 0 ? 0 : power - point - 1;
  let [start, end] = [0, all.length];
  while (start < end && all.charCodeAt(start) === ZERO) start++;
  while (end > start && all.charCodeAt(end - 1) === ZERO) end--;
  const exponent = power === source.length ? 0 : Number(source.slice(power + 1));
  return { digits: all.slice(start, end), exponent: exponent - fraction + (all.length - end) };
}

/** Whether `JSON.stringify` writes exactly this number. */
export function isPlainNumber(value: number): boolean {
  if (value === 0) return !Object.is(value, -0);
  return value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER;
}

/**
 * Whether `JSON.stringify` writes the value without loss, and it has at most `depth` levels. Also false for some JSON: numbers that
 * `stringifyJson` writes in another form, and objects without a prototype. Strings are not checked.
 */
export function isPlainJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return isPlainNumber(value);
  if (typeof value !== 'object') return false;
  if (depth === 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) return false;
    // By index, because a hole isn't JSON.
    for (let index = 0; index < value.length; index++) if (!isPlainJson(value[index], depth - 1)) return false;
    return true;
  }
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  // `for in` is three times as fast as `Object.values`.
  for (const name in value) if (!isPlainJson((value as Record<string, unknown>)[name], depth - 1)) return false;
  return true;
}

/** The check of numbers alone, for a value that is known to be JSON: it takes half the time of `isPlainJson`. */
function hasPlainNumbers(value: unknown): boolean {
  if (typeof value === 'number') return isPlainNumber(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!hasPlainNumbers(value[index])) return false;
    return true;
  }
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    if (typeof member !== 'string' && !hasPlainNumbers(member)) return false;
  }
  return true;
}

/** The value in a form whose numbers `JSON.stringify` writes exactly. Nearly always the value itself. */
export function exactly(value: unknown): unknown {
  return hasPlainNumbers(value) ? value : withExactNumbers(value);
}

/** `JSON.stringify` with exact numbers: -0, and integers below 1e21 with all their digits. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(exactly(value));
}

function withExactNumbers(value: unknown): unknown {
  if (typeof value === 'number') return exactNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withExactNumbers);
  // `fromEntries` defines members; an assignment would treat `__proto__` specially.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withExactNumbers(member)]));
}

function exactNumber(value: number): unknown {
  if (isPlainNumber(value) || !(Math.abs(value) < EXPONENTS_FROM)) return value;
  return rawJson(value === 0 ? '-0' : String(BigInt(value)));
}

/** In Node since version 21, but missing in TypeScript's library. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
