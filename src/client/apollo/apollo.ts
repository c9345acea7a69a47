import { ApolloLink, CombinedGraphQLErrors, ServerError } from '@apollo/client';
import { defer, map, of, retry, throwError, timer } from 'rxjs';
import type { ResumableOptions } from '../resuming/resumable.ts';
import { Resumption } from '../resuming/resumption.ts';
import { backOffMs, isNetworkFailure, isUnavailable, type RetryOptions } from '../resuming/retry.ts';

export type { CollectionOptions } from '../collections.ts';
export { createTypePolicies, typePolicies, type TypePoliciesOptions } from './apollo-cache.ts';
export { createUpdateItems, updateItems } from './apollo-update.ts';

/** The options of {@link resumableLink}. */
export interface ResumableLinkOptions extends ResumableOptions<ApolloLink.Operation>, RetryOptions {}

/**
 * An Apollo link whose subscriptions resume after each broken connection: no result is repeated or lost, and `limit` counts across
 * connections. It belongs directly before the link that sends. With a GraphQLWsLink the graphql-ws client decides when to reconnect; with
 * an HttpLink this link reconnects itself.
 *
 * @example
 * ```ts
 * const socket = createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() });
 * const client = new ApolloClient({
 *   cache: new InMemoryCache({ typePolicies }),
 *   link: ApolloLink.split(
 *     ({ operationType }) => operationType === 'subscription',
 *     resumableLink().concat(new GraphQLWsLink(socket)),
 *     new HttpLink({ uri: 'http://127.0.0.1:4000/graphql' }),
 *   ),
 * });
 * ```
 */
export function resumableLink({ onReset, onMissed, retryWait }: ResumableLinkOptions = {}): ApolloLink {
  return new ApolloLink((operation, forward) => {
    if ((operation.operationType as string) !== 'subscription') return forward(operation);
    return defer(() => {
      const resumption = new Resumption(operation.extensions);
      let retries = 0;
      return defer(() => {
        // HttpLink leaves the response of the previous attempt in the context.
        operation.setContext({ response: undefined });
        return forward(withExtensions(operation, resumption.extensions));
      }).pipe(
        map((result) => {
          if (resumption.startOverAfter(result.errors)) throw STARTS_OVER;
          if (resumption.hasGapBefore(result)) throw HAS_GAP;
          resumption.record(result);
          retries = 0;
          return result;
        }),
        retry({
          delay(error: unknown) {
            if (error === HAS_GAP) {
              onMissed?.(operation);
              return timer(resumption.gapWaitMs);
            }
            if (error === STARTS_OVER || (CombinedGraphQLErrors.is(error) && resumption.startOverAfter(error.errors))) {
              onReset?.(operation);
              return of(undefined);
            }
            if (!isBroken(error, operation)) return throwError(() => error);
            return retryWait ? retryWait(retries++) : timer(backOffMs(retries++));
          },
        }),
      );
    });
  });
}

const STARTS_OVER = Symbol('starts over');
const HAS_GAP = Symbol('has a gap');

/** A copy for each attempt, because the links after this one may modify the operation. */
function withExtensions(operation: ApolloLink.Operation, extensions: Record<string, unknown>): ApolloLink.Operation {
  return Object.create(Object.getPrototypeOf(operation) as object, {
    ...Object.getOwnPropertyDescriptors(operation),
    extensions: { value: extensions, writable: true, enumerable: true, configurable: true },
  }) as ApolloLink.Operation;
}

/** Whether the network failed, or the server is gone or draining. */
function isBroken(error: unknown, operation: ApolloLink.Operation): boolean {
  if (ServerError.is(error)) return isUnavailable(error.statusCode);
  if (isNetworkFailure(error)) return true;
  // HttpLink throws a plain Error when a multipart body ends early; its other errors about one have names of their own.
  return error instanceof Error && error.name === 'Error' && isMultipart(operation.getContext()['response']);
}

function isMultipart(response: unknown): boolean {
  const type = (response as Response | undefined)?.headers?.get('content-type');
  return /^multipart\/mixed/i.test(type ?? '');
}
