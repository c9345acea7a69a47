/** Turns errors into what clients see: a GraphQLError with `extensions.code`, without internal details. */
import { GraphQLError } from 'graphql';
import { type Issue, plainKey, SeamlineError } from '../../src/core/model/errors.ts';
import { WrappedGenerator } from '../../src/core/subscriptions/wrapped-generator.ts';

/** Converts an error of the core. Any other error is returned unchanged, and the server masks it. */
export function toGraphQLError(error: unknown): unknown {
  if (!(error instanceof SeamlineError)) return error;
  const { message, code, extensions } = error;
  return refused(code, message, extensions);
}

/** An error for clients; `extensions` holds the data that they need to react. */
export function refused(
  code: string,
  message: string,
  extensions: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, code } });
}

/** `BAD_USER_INPUT` with the issues that a validator has found. */
export function inputError(
  issues: readonly { path?: readonly unknown[] | undefined; message: string }[],
): GraphQLError {
  const plain = issues.map(({ path = [], message }): Issue => ({ path: path.map(plainKey), message }));
  const summary = plain.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  return refused('BAD_USER_INPUT', summary.join('; '), { issues: plain });
}

export async function answer<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw toGraphQLError(error);
  }
}

/** The generator that `run` makes, with its errors and those of `run` as GraphQL errors. */
export function withGraphQLErrors<T>(run: () => AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  return new WrappedGenerator(asGraphQL(run), { onError: toGraphQLError });
}

/** What `run` returns, or its error as a GraphQL error. */
export function asGraphQL<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw toGraphQLError(error);
  }
}
