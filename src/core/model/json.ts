/**
 * JSON whose numbers come out as they went in. `JSON.parse` rounds what no double holds, and says nothing; `JSON.stringify` writes
 * some doubles as another number. Both are left to do the work where neither can happen, which is nearly always.
 */

/** Integers from here on `JSON.stringify` writes with an exponent. */
const EXPONENTS_FROM = 1e21;
/** So long at most in an error. */
const MAX_SHOWN = 40;

/** Stands where a text has a number that can't be kept: no type takes it for a number, so it can't be used by mistake. */
export class UnkeptNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source.length > MAX_SHOWN ? `${source.slice(0, MAX_SHOWN)}…` : source;
  }

  /** Also what graphql-js says in its errors. */
  toJSON(): string {
    return this.source;
  }
}

/** Integers of fewer digits are all kept. */
const DIGITS_KEPT = 15;
/** Fractions of fewer digits are not rounded to 0. */
const FRACTION_KEPT = 300;
/** A number with an exponent; never the end of a string. */
const EXPONENT = /\d[eE][-+]?\d+(?:[\s,\]}]|$)/;
/** Each number of a JSON text, and whatever looks like one in its strings. */
const NUMBERS = /(?:^|[:,[\s])(-?\d[\d.eE+-]*)/g;

/** As `JSON.parse`, but with an `UnkeptNumber` for each number that can't be kept. */
export function parseJson(text: string): unknown {
  return holdsUnkept(text) ? JSON.parse(text, revive) : JSON.parse(text);
}

/** Whether some number of a JSON text can't be kept. It may also be true when such a number stands only in a string. */
export function holdsUnkept(text: string): boolean {
  if (!hasManyDigits(text) && !EXPONENT.test(text)) return false;
  for (const [, source = ''] of text.matchAll(NUMBERS))
    if (source.length > DIGITS_KEPT || /e/i.test(source)) if (!isKept(source)) return true;
  return false;
}

/** Whether there is a run of so many digits, not at the end of a string, that it may not be kept. Every such run is at one of the places that are looked at. */
function hasManyDigits(text: string): boolean {
  for (let at = DIGITS_KEPT; at < text.length; at += DIGITS_KEPT + 1) {
    if (!isDigit(text, at)) continue;
    let [start, end] = [at, at + 1];
    while (isDigit(text, start - 1)) start--;
    while (isDigit(text, end)) end++;
    const most = text[start - 1] === '.' ? FRACTION_KEPT : DIGITS_KEPT;
    if (end - start > most && text[end] !== '"') return true;
    // The next look is at what follows: a long run is read once.
    at = Math.max(at, end - DIGITS_KEPT - 1);
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** The number that a JSON or GraphQL text writes like this. */
export function parseNumber(source: string): number | UnkeptNumber {
  return isKept(source) ? Number(source) : new UnkeptNumber(source);
}

function revive(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? parseNumber(context.source) : value;
}

/**
 * A fraction is kept as the nearest double, an integer if a double holds it. One that is written with an exponent need only come out as it
 * was written, as any number does that JavaScript has written so: 6.02214076e23.
 */
function isKept(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  const size = Math.abs(value);
  if (size > 0 && size <= Number.MAX_SAFE_INTEGER) return true;
  const { digits, exponent } = decimalOf(source);
  if (size === 0) return digits === '';
  if (exponent < 0) return true;
  if (size >= EXPONENTS_FROM && /e/i.test(source)) {
    const written = decimalOf(String(value));
    if (written.digits === digits && written.exponent === exponent) return true;
  }
  // As it is finite, it has 309 digits at most.
  return BigInt(digits) * 10n ** BigInt(exponent) === BigInt(size);
}

/** The number is ±digits × 10^exponent; the digits neither begin nor end with a zero, and are none for 0. */
function decimalOf(source: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  let [start, end] = [0, all.length];
  while (start < end && all[start] === '0') start++;
  while (end > start && all[end - 1] === '0') end--;
  return { digits: all.slice(start, end), exponent: Number(power) - fraction.length + (all.length - end) };
}

/** Whether `JSON.stringify` writes the number itself. */
function isPlainNumber(value: number): boolean {
  if (value === 0) return !Object.is(value, -0);
  return value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER;
}

/**
 * Whether `JSON.stringify` writes all of it, as it is, and it has `depth` levels at most. False also for some JSON: numbers that have to be written
 * otherwise, and objects without a prototype. It says nothing about strings.
 */
export function isPlainJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return isPlainNumber(value);
  if (typeof value !== 'object') return false;
  if (depth === 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) return false;
    // By index, for a hole isn't JSON.
    for (let index = 0; index < value.length; index++) if (!isPlainJson(value[index], depth - 1)) return false;
    return true;
  }
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  // Three times as fast as a list of its members.
  for (const name in value) if (!isPlainJson((value as Record<string, unknown>)[name], depth - 1)) return false;
  return true;
}

/** The same of what is known to be JSON, in half the time. */
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

/** The value as `JSON.stringify` writes its numbers exactly. Nearly always the value itself. */
export function exactly(value: unknown): unknown {
  return hasPlainNumbers(value) ? value : withExactNumbers(value);
}

/** As `JSON.stringify`, but with each number as it is: -0, and integers with all their digits as long as it writes no exponent. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(exactly(value));
}

function withExactNumbers(value: unknown): unknown {
  if (typeof value === 'number') return exactNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withExactNumbers);
  // No assignment: `__proto__` is a member like any other.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withExactNumbers(member)]));
}

function exactNumber(value: number): unknown {
  if (isPlainNumber(value) || !(Math.abs(value) < EXPONENTS_FROM)) return value;
  return rawJson(value === 0 ? '-0' : String(BigInt(value)));
}

/** Node has it since 21; TypeScript's library doesn't know it. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
