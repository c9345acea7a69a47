import type { GraphQLError } from 'graphql';
import { refused } from '../../../schema/request/errors.ts';

/** Nobody reads it. Its code is one that is not logged. */
export function abandoned(): GraphQLError {
  return refused('BAD_USER_INPUT', 'the client left before its operation was executed');
}
