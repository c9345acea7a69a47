import type { GraphQLError } from 'graphql';
import { refused } from '../../../schema/request/errors.ts';

const RETRY_AFTER_S = 1;

/** Nothing was executed. */
export function overloaded(): GraphQLError {
  const http = { status: 503, headers: { 'Retry-After': String(RETRY_AFTER_S) } };
  return refused('OVERLOADED', `too many answers wait for slow readers: retry after ${RETRY_AFTER_S} s`, {
    retryAfterMs: RETRY_AFTER_S * 1000,
    http,
  });
}

/** Nobody reads it. Its code is one that is not logged. */
export function abandoned(): GraphQLError {
  return refused('BAD_USER_INPUT', 'the client left before its operation was executed');
}
