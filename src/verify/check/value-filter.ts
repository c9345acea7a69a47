/**
 * Filters on values, as far as the readers use them. The checker interprets them by itself, because a mistake that it shared with the server
 * would go unseen.
 */
type Scalar = string | number | boolean | null;

export interface ValueFilter {
  /** A JSON Pointer of object members, without escapes. */
  path?: string;
  eq?: Scalar;
  ne?: Scalar;
  in?: Scalar[];
  notIn?: Scalar[];
  lt?: number;
  lte?: number;
  gt?: number;
  gte?: number;
  startsWith?: string;
  exists?: boolean;
  and?: ValueFilter[];
  or?: ValueFilter[];
  not?: ValueFilter;
}

type Operator = Exclude<keyof ValueFilter, 'path' | 'and' | 'or' | 'not'>;
type Test = (found: unknown, operand: never) => boolean;

/** Undefined is no JSON: it stands for a path that leads nowhere. */
const TESTS: Readonly<Record<Operator, Test>> = {
  eq: (found, operand: Scalar) => found === operand,
  ne: (found, operand: Scalar) => found !== operand,
  in: (found, operand: readonly unknown[]) => operand.includes(found),
  notIn: (found, operand: readonly unknown[]) => !operand.includes(found),
  lt: (found, operand: number) => typeof found === 'number' && found < operand,
  lte: (found, operand: number) => typeof found === 'number' && found <= operand,
  gt: (found, operand: number) => typeof found === 'number' && found > operand,
  gte: (found, operand: number) => typeof found === 'number' && found >= operand,
  startsWith: (found, operand: string) => typeof found === 'string' && found.startsWith(operand),
  exists: (found, operand: boolean) => (found !== undefined) === operand,
};

/** Whether all members of the filter hold for the value. */
export function matchesValue(value: unknown, { path, and, or, not, ...conditions }: ValueFilter): boolean {
  const found = memberAt(value, path ?? '');
  return (
    // The operand has the type that its operator takes.
    Object.entries(conditions).every(([operator, operand]) => TESTS[operator as Operator](found, operand as never)) &&
    (and === undefined || and.every((filter) => matchesValue(value, filter))) &&
    (or === undefined || or.some((filter) => matchesValue(value, filter))) &&
    (not === undefined || !matchesValue(value, not))
  );
}

function memberAt(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}
