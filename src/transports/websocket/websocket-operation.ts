/**
 * One operation over WebSocket, from its subscribe message to its results: graphql-ws calls `prepare`, then `execute` or `subscribe`. It
 * runs through Yoga's envelope, as over HTTP.
 */
import { type ExecutionArgs, type ExecutionResult, getOperationAST, type GraphQLError, parse } from 'graphql';
import type { Operation } from '../../../schema/request/context.ts';
import type { GraphQLExecutionContextValue, SubscribePayload } from 'graphql-ws';
import type { Connection } from './connection.ts';
import { maskError, parseFailed, refused } from '../protocol/errors.ts';
import type { Yoga } from '../http/http.ts';
import { messageResults } from '../operations/message-results.ts';
import { type OperationContext, operationContext, withCursor } from '../operations/operation.ts';
import type { RequestIdentity } from '../observability/request-log.ts';
import { isPersistedOnly, persistedQueryNotSupported } from '../protocol/trusted-documents.ts';
import type { WebSocketOptions } from './websocket-options.ts';

type Enveloped = ReturnType<Yoga['getEnveloped']>;

export interface OperationArgs extends ExecutionArgs {
  /** What runs. The arguments' own `document` is a stand-in. */
  readonly operation: Operation;
  readonly enveloped: Enveloped;
  readonly connection: Connection;
  readonly identity: RequestIdentity;
}

/**
 * graphql-ws keeps the operation's node as long as the operation is open, and with it all of the document's text. It looks at the kind of
 * operation only.
 */
const STAND_INS = {
  query: parse('query { a }'),
  mutation: parse('mutation { a }'),
  subscription: parse('subscription { a }'),
};

/** Ends one operation with an `error` message. */
class OperationFailed extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('the operation failed');
    this.errors = errors;
  }
}

/** The operation, or what is wrong with it. */
export async function prepare(
  { yoga, map, maxSubscriptions, trust, fanOut, requestLog, turns }: WebSocketOptions,
  connection: Connection,
  identity: RequestIdentity,
  payload: SubscribePayload,
): Promise<OperationArgs | GraphQLError[]> {
  const { ids, caller, signal } = connection;
  const { variables: variableValues, operationName, extensions } = payload;
  if (Math.max(ids.size, connection.subscriptions + 1) > maxSubscriptions)
    return [refused('TOO_MANY_SUBSCRIPTIONS', `a connection may have ${maxSubscriptions} subscriptions at once`)];
  await turns.next(connection);
  try {
    const fanOutRequest = fanOut && {};
    const operation = operationContext({ map, caller, extensions, signal, fanOutRequest });
    const enveloped = yoga.getEnveloped({ operation, identity });
    const { schema } = enveloped;
    if (!trust && isPersistedOnly(payload)) throw persistedQueryNotSupported();
    const query = trust ? trust(payload) : payload.query;
    let document;
    try {
      document = enveloped.parse(query);
    } catch (error) {
      return [parseFailed(error)];
    }
    const errors = enveloped.validate(schema, document) as readonly GraphQLError[];
    if (errors.length > 0) return [...errors];
    const definition = getOperationAST(document, operationName);
    if (!definition) return [refused('BAD_USER_INPUT', noOperation(operationName))];
    const contextValue = (await enveloped.contextFactory()) as OperationContext & GraphQLExecutionContextValue;
    const given = { document, operationName, variableValues };
    const standIn = STAND_INS[definition.operation];
    return { operation: given, enveloped, connection, identity, schema, document: standIn, contextValue };
  } catch (error) {
    return [maskError(error, (cause) => requestLog.internal(cause, identity))];
  }
}

function noOperation(name: string | null | undefined): string {
  if (name == null) return 'the document has more than one operation: name the one to run by operationName';
  return `operationName ${JSON.stringify(name)} matches no operation of the document`;
}

/** The result of a query or a mutation. */
export async function execute(args: OperationArgs): Promise<ExecutionResult> {
  const { enveloped, schema, contextValue, rootValue, operation } = args;
  const result = (await enveloped.execute({ schema, contextValue, rootValue, ...operation })) as ExecutionResult;
  return withCursor(result, args.contextValue as OperationContext);
}

/** The results of a subscription: an iterable that fails with `OperationFailed`, and whose `return` reaches the subscriber at once. */
export async function subscribe(
  args: OperationArgs,
  { fanOut, requestLog }: Pick<WebSocketOptions, 'fanOut' | 'requestLog'>,
): Promise<AsyncIterable<ExecutionResult>> {
  const { enveloped, connection, identity, schema, contextValue, rootValue, operation } = args;
  const context = args.contextValue as OperationContext;
  const results = (await enveloped.subscribe({ schema, contextValue, rootValue, ...operation })) as
    ExecutionResult | AsyncGenerator<ExecutionResult, void>;
  if (!(Symbol.asyncIterator in results)) return failed(results.errors ?? []);
  // graphql-ws keeps them as long as the subscription is open.
  Object.assign(args, {
    contextValue: undefined,
    enveloped: undefined,
    operation: undefined,
    identity: undefined,
  });
  connection.subscriptions++;
  return messageResults(results, {
    id: identity.id ?? '',
    context,
    fanOut,
    outlet: connection.outlet,
    fail: (error) => {
      throw new OperationFailed([maskError(error, requestLog.internal)]);
    },
    // The envelope has masked these.
    onError: (error) => new OperationFailed([error as GraphQLError]),
    onEnd: () => void connection.subscriptions--,
  });
}

function failed(errors: readonly GraphQLError[]): AsyncIterable<ExecutionResult> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new OperationFailed(errors)) }) };
}

/** graphql-ws wraps what an iterable throws. */
export function causesOf(error: GraphQLError): readonly GraphQLError[] {
  const cause = error.originalError ?? error.cause;
  return cause instanceof OperationFailed ? cause.errors : [error];
}
