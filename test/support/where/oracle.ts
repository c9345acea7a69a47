/** Filters on values, interpreted from what callers write: no normal form, nothing compiled, nothing shared with the code under test. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Filter = Readonly<Record<string, unknown>>;

/** What is at the end of a pointer: nothing, or one value in a list. */
type Found = readonly [] | readonly [Json];

export function oracleMatches(value: unknown, filter: Filter): boolean {
  const found = follow(value as Json, tokensOf(filter['path']));
  return Object.entries(filter).every(([operator, operand]) => holds(operator, operand, found, value));
}

function holds(operator: string, operand: unknown, found: Found, whole: unknown): boolean {
  const nested = (): boolean[] => (operand as Filter[]).map((filter) => oracleMatches(whole, filter));
  if (operator === 'path') return true;
  if (operator === 'and') return !nested().includes(false);
  if (operator === 'or') return nested().includes(true);
  if (operator === 'not') return !oracleMatches(whole, operand as Filter);
  if (operator === 'exists') return (found.length === 1) === operand;
  if (found.length === 0) return operator === 'ne' || operator === 'notIn';
  const [target] = found;
  if (operator === 'eq') return same(target, operand as Json);
  if (operator === 'ne') return !same(target, operand as Json);
  if (operator === 'in') return (operand as Json[]).some((one) => same(target, one));
  if (operator === 'notIn') return !(operand as Json[]).some((one) => same(target, one));
  if (operator === 'startsWith') return typeof target === 'string' && target.indexOf(operand as string) === 0;
  if (operator === 'contains') return contains(target, operand as Json);
  const sign = compare(target, operand as Json);
  const wanted: Record<string, readonly number[]> = { lt: [-1], lte: [-1, 0], gt: [1], gte: [0, 1] };
  const signs = wanted[operator];
  if (!signs) throw new Error(`the oracle has no operator ${operator}`);
  return sign !== undefined && signs.includes(sign);
}

function contains(target: Json, operand: Json): boolean {
  if (typeof target === 'string')
    return typeof operand === 'string' && target.split(operand).length > (operand ? 1 : -1);
  if (isList(target)) return target.filter((element) => same(element, operand)).length > 0;
  if (!isRecord(target) || !isRecord(operand)) return false;
  const members = new Map(Object.entries(target));
  return Object.entries(operand).every(([name, wanted]) => {
    const member = members.get(name);
    return member !== undefined && same(member, wanted);
  });
}

/** By the JSON that both have when their members are entries in order. */
function same(a: Json, b: Json): boolean {
  return JSON.stringify(asEntries(a)) === JSON.stringify(asEntries(b));
}

function asEntries(value: Json): unknown {
  if (isList(value)) return { list: value.map(asEntries) };
  if (!isRecord(value)) return { scalar: typeof value === 'number' ? value + 0 : value };
  const entries = Object.entries(value).map(([name, member]) => [name, asEntries(member)] as const);
  return entries.sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Undefined: the two have no order. */
function compare(a: Json, b: Json): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a - b);
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  // UTF-8 keeps the order of code points.
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function tokensOf(path: unknown): readonly string[] {
  if (path === undefined) return [];
  const [, ...tokens] = (path as string).split('/');
  return tokens.map((token) => token.split('~1').join('/').split('~0').join('~'));
}

function follow(value: Json, [token, ...rest]: readonly string[]): Found {
  if (token === undefined) return [value];
  // The index of an element is its text; `Object.entries` has no inherited names, and an array's has no length.
  const members = isList(value) || isRecord(value) ? Object.entries(value) : [];
  const member = members.find(([name]) => name === token);
  return member ? follow(member[1], rest) : [];
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !isList(value);
}
