/** The core's rules for input, as zod schemas. The validation plugin adds the paths. */
import { z } from 'zod';
import {
  cursorProblem,
  filterKeysProblem,
  keyPrefixProblem,
  keyProblem,
  ttlProblem,
  valueIssue,
} from '../../src/core/input/insert-input.ts';
import { valueFilter, type ValueFilterInput } from '../../src/core/input/where/where-filter.ts';
import { BadInputError } from '../../src/core/model/errors.ts';

/** Accepts null and undefined, because the GraphQL type says whether a value is required. */
function rule<T>(problemOf: (value: T) => string | undefined) {
  return z.custom<T>().superRefine((value, context) => {
    const message = value == null ? undefined : problemOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

export const key = rule<string>(keyProblem);
export const keys = rule<readonly string[]>(filterKeysProblem);
export const keyPrefix = rule<string>(keyPrefixProblem);
export const value = z.custom<unknown>().superRefine((json, context) => {
  const issue = valueIssue(json);
  if (issue) context.addIssue({ code: 'custom', message: issue.message, path: [...issue.path] });
});
export const where = z.custom<ValueFilterInput | null | undefined>().superRefine((filter, context) => {
  if (filter == null) return;
  try {
    valueFilter(filter);
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    for (const { path, message } of error.issues) context.addIssue({ code: 'custom', message, path: [...path] });
  }
});
export const ttl = rule<number>(ttlProblem);
export const cursor = rule<string>(cursorProblem);
export const limit = rule<number>((count) => (count >= 0 ? undefined : `must be 0 or more, is ${count}`));
export const first = rule<number>((count) =>
  count >= 1 && count <= 1000 ? undefined : `must be 1 to 1,000, is ${count}`,
);
