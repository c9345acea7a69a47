/** Checks of arguments. The issues of all arguments of a field are reported together. */
import { BadInputError, type Issue } from '../../src/core/model/errors.ts';
import { asGraphQL } from './errors.ts';

/** What is wrong with each argument; undefined: nothing. */
type Problems = Readonly<Record<string, string | undefined>>;

/** Accepts null and undefined, because the GraphQL type says whether an argument is required. */
export function ifGiven<T>(value: T | null | undefined, problemOf: (value: T) => string | undefined) {
  return value == null ? undefined : problemOf(value);
}

export const limitProblem = (count: number): string | undefined =>
  count >= 0 ? undefined : `must be 0 or more, is ${count}`;
export const firstProblem = (count: number): string | undefined =>
  count >= 1 && count <= 1000 ? undefined : `must be 1 to 1,000, is ${count}`;

/** The key that an argument gives: an ID, a String or an Int. */
export const keyIn = (args: object, name: string): string =>
  String((args as Readonly<Record<string, string | number>>)[name]);

/** What `read` makes of the other arguments. @throws {GraphQLError} `BAD_USER_INPUT` with all issues, those of `read` included */
export function checkedArguments<T>(problems: Problems, read: () => T): T {
  return asGraphQL(() => withIssues(issuesOf([], problems), read));
}

/** @throws {GraphQLError} `BAD_USER_INPUT` */
export function checkArguments(problems: Problems): void {
  checkedArguments(problems, () => {});
}

export function issuesOf(path: Issue['path'], problems: Problems): Issue[] {
  return Object.entries(problems).flatMap(([name, message]) =>
    message === undefined ? [] : [{ path: [...path, name], message }],
  );
}

/** What `read` returns. @throws {BadInputError} with `issues` and those of `read` */
export function withIssues<T>(issues: readonly Issue[], read: () => T): T {
  const all = [...issues];
  const result = readOr(all, read);
  if (all.length > 0) throw new BadInputError(all);
  // Without an issue, `read` has returned.
  return result as T;
}

/** Undefined if the input is bad: its issues are appended. `pathOf`: where they are in the arguments. */
export function readOr<T>(
  issues: Issue[],
  read: () => T,
  pathOf: (path: Issue['path']) => Issue['path'] = (path) => path,
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    issues.push(...error.issues.map(({ path, message }) => ({ path: pathOf(path), message })));
    return undefined;
  }
}
