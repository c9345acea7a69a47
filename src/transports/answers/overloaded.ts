import type { GraphQLError } from 'graphql';
import { refused } from '../../../schema/request/errors.ts';

const RETRY_AFTER_S = 1;

/** Nothing was executed. */
export function overloaded(why = 'too many answers wait for slow readers'): GraphQLError {
  const http = { status: 503, headers: { 'Retry-After': String(RETRY_AFTER_S) } };
  return refused('OVERLOADED', `${why}: retry after ${RETRY_AFTER_S} s`, { retryAfterMs: RETRY_AFTER_S * 1000, http });
}
