/**
 * JSON that keeps its numbers. `JSON.parse` silently rounds a number that no double holds; `JSON.stringify` writes some doubles as
 * another number. Both are used wherever neither can happen, which is nearly always.
 */

/** `JSON.stringify` writes integers from here on with an exponent. */
const EXPONENTS_FROM = 1e21;
/** Characters of a number that an error quotes. */
const MAX_SHOWN = 40;

/** Replaces a number that can't be kept. Its type is not `number`, so nothing uses it by mistake. */
export class UnkeptNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source.length > MAX_SHOWN ? `${source.slice(0, MAX_SHOWN)}…` : source;
  }

  /** graphql-js quotes it in its errors. */
  toJSON(): string {
    return this.source;
  }
}

/** Every integer of at most so many digits is kept. */
const DIGITS_KEPT = 15;
/** A fraction of at most so many digits is not rounded to 0. */
const FRACTION_KEPT = 300;
/** Matches a number with an exponent, but not the end of a string. */
const EXPONENT = /\d[eE][-+]?\d+(?:[\s,\]}]|$)/;
/** Matches each number of a JSON text, and also text in its strings that looks like a number. */
const NUMBERS = /(?:^|[:,[\s])(-?\d[\d.eE+-]*)/g;

/** `JSON.parse`, with an `UnkeptNumber` for each number that can't be kept. */
export function parseJson(text: string): unknown {
  return holdsUnkept(text) ? JSON.parse(text, revive) : JSON.parse(text);
}

/** Whether a JSON text has a number that can't be kept. May also be true when only a string holds such a number. */
export function holdsUnkept(text: string): boolean {
  if (!hasManyDigits(text) && !EXPONENT.test(text)) return false;
  for (const [, source = ''] of text.matchAll(NUMBERS))
    if (source.length > DIGITS_KEPT || /e/i.test(source)) if (!isKept(source)) return true;
  return false;
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
  return code >= 0x30 && code <= 0x39;
}

/** Parses a number of a JSON or GraphQL text. */
export function parseNumber(source: string): number | UnkeptNumber {
  return isKept(source) ? Number(source) : new UnkeptNumber(source);
}

function revive(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? parseNumber(context.source) : value;
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

/** The number as ±digits × 10^exponent. The digits neither begin nor end with a zero; 0 has no digits. */
function decimalOf(source: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  let [start, end] = [0, all.length];
  while (start < end && all[start] === '0') start++;
  while (end > start && all[end - 1] === '0') end--;
  return { digits: all.slice(start, end), exponent: Number(power) - fraction.length + (all.length - end) };
}

/** Whether `JSON.stringify` writes exactly this number. */
function isPlainNumber(value: number): boolean {
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
