/** An Apollo link whose subscriptions resume, and what Apollo's cache has to know. */
import { ApolloLink, CombinedGraphQLErrors, ServerError } from '@apollo/client';
import { defer, map, of, retry, throwError, timer } from 'rxjs';
import { Resumption } from '../resumption.ts';

export { typePolicies } from './apollo-cache.ts';
export { updateItems } from './apollo-pages.ts';

export interface ResumableLinkOptions {
  /**
   * The server has lost its log, and the subscription starts over: forget what it delivered before. Called before the first
   * item that comes again. `itemChanges` says `reset` itself.
   */
  readonly onReset?: (operation: ApolloLink.Operation) => void;
  /**
   * Over HTTP, where nobody else reconnects: how long to wait after so many attempts in a row that failed. Rejects to give
   * up, with what the subscriber gets as its error. Default: 1 s, doubling up to 32 s, plus 0.3 to 3 s by chance.
   */
  readonly retryWait?: (retries: number) => Promise<void>;
}

/**
 * Subscriptions go on where they were after each break: nothing twice, nothing left out, with `limit` exactly so many. Put it
 * right before the link that sends. A GraphQLWsLink's client reconnects by itself, as often as it was told to; an HttpLink
 * does not, so this link does.
 */
export function resumableLink({ onReset, retryWait }: ResumableLinkOptions = {}): ApolloLink {
  return new ApolloLink((operation, forward) => {
    if ((operation.operationType as string) !== 'subscription') return forward(operation);
    return defer(() => {
      const resumption = new Resumption(operation.extensions);
      let retries = 0;
      return defer(() => {
        // What the last attempt left there says nothing of this one.
        operation.setContext({ response: undefined });
        return forward(withExtensions(operation, resumption.extensions));
      }).pipe(
        map((result) => {
          if (resumption.startsOver(result.errors)) throw STARTS_OVER;
          resumption.follow(result);
          retries = 0;
          return result;
        }),
        retry({
          delay(error: unknown) {
            if (error === STARTS_OVER || (CombinedGraphQLErrors.is(error) && resumption.startsOver(error.errors))) {
              onReset?.(operation);
              return of(undefined);
            }
            if (!isBroken(error, operation)) return throwError(() => error);
            return retryWait ? retryWait(retries++) : timer(backoff(retries++));
          },
        }),
      );
    });
  });
}

const STARTS_OVER = Symbol('starts over');

/** Made anew for each attempt: links behind this one may write to it. */
function withExtensions(operation: ApolloLink.Operation, extensions: Record<string, unknown>): ApolloLink.Operation {
  return Object.create(Object.getPrototypeOf(operation) as object, {
    ...Object.getOwnPropertyDescriptors(operation),
    extensions: { value: extensions, writable: true, enumerable: true, configurable: true },
  }) as ApolloLink.Operation;
}

const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/** Whether the network is at fault, or a server that is gone or going. */
function isBroken(error: unknown, operation: ApolloLink.Operation): boolean {
  if (ServerError.is(error)) return UNAVAILABLE.has(error.statusCode);
  // fetch's, in every browser: before the response and within.
  if (error instanceof TypeError) return true;
  // HttpLink's, when a multipart body ends before it said so; whatever else it finds wrong with one has a name of its own.
  return error instanceof Error && error.name === 'Error' && isMultipart(operation.getContext()['response']);
}

function isMultipart(response: unknown): boolean {
  const type = (response as Response | undefined)?.headers?.get('content-type');
  return /^multipart\/mixed/i.test(type ?? '');
}

const backoff = (retries: number): number => 1000 * 2 ** Math.min(retries, 5) + 300 + Math.random() * 2700;
