/**
 * One operation over WebSocket, from its subscribe message to its results: graphql-ws calls `prepare`, then `execute` or `subscribe`. It
 * runs through Yoga's envelope, as over HTTP.
 */
import { type ExecutionArgs, type ExecutionResult, getOperationAST, type GraphQLError, parse } from 'graphql';
import type { Operation } from '../../../schema/request/context.ts';
import type { GraphQLExecutionContextValue, SubscribePayload } from 'graphql-ws';
import { WrappedGenerator } from '../../core/subscriptions/wrapped-generator.ts';
import { abandoned } from '../answers/abandoned.ts';
import type { Share } from '../answers/share.ts';
import type { Connection } from './connection.ts';
import { maskError, parseFailed, refused } from '../protocol/errors.ts';
import type { Yoga } from '../http/http.ts';
import { type Beginning, type HandedOverParts, HandedOverSubscription } from './handed-over.ts';
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
  /** Of graphql-ws: see `OperationIds`. */
  readonly name: string;
  readonly share: Share;
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
  { yoga, scheduler, maxSubscriptions, trust, fanOutOf, requestLog }: WebSocketOptions,
  connection: Connection,
  identity: RequestIdentity,
  name: string,
  payload: SubscribePayload,
): Promise<OperationArgs | GraphQLError[]> {
  const { ids, caller } = connection;
  const { variables: variableValues, operationName, extensions } = payload;
  const { messageBytes } = connection;
  const share = connection.account.open(messageBytes);
  if (Math.max(ids.size, connection.subscriptions + 1) > maxSubscriptions)
    return [refused('TOO_MANY_SUBSCRIPTIONS', `a connection may have ${maxSubscriptions} subscriptions at once`)];
  await connection.account.begin(share, messageBytes);
  if (connection.isGone) return [abandoned()];
  const signal = connection.borrowSignal();
  let isPrepared = false;
  try {
    const fanOutRequest = fanOutOf && {};
    const operation = operationContext({ scheduler, caller, extensions, signal, fanOutRequest, share });
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
    const own = { enveloped, connection, identity, name, share };
    isPrepared = true;
    return { ...own, operation: given, schema, document: standIn, contextValue };
  } catch (error) {
    return [maskError(error, (cause) => requestLog.internal(cause, identity))];
  } finally {
    if (!isPrepared) connection.returnSignal();
  }
}

function noOperation(name: string | null | undefined): string {
  if (name == null) return 'the document has more than one operation: name the one to run by operationName';
  return `operationName ${JSON.stringify(name)} matches no operation of the document`;
}

/** Sends the result of a query or a mutation, so that graphql-ws gets none. Fails with `OperationFailed` when the operation was refused. */
export async function execute(args: OperationArgs): Promise<AsyncIterable<never>> {
  const { enveloped, connection, name, share, schema, contextValue, rootValue, operation } = args;
  connection.hold(name, share);
  try {
    const result = (await enveloped.execute({ schema, contextValue, rootValue, ...operation })) as ExecutionResult;
    if (isRefused(result)) return failed(result.errors ?? []);
    const sent = connection.sendNext(name, withCursor(result, contextValue as OperationContext), share);
    // The outlet counts a short result.
    if (share.bytes > 0) await sent;
    return NOTHING;
  } finally {
    share.close();
    connection.release(name);
    connection.returnSignal();
  }
}

const NOTHING: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

/** Whether nothing was executed. */
function isRefused({ data, errors }: ExecutionResult): boolean {
  return data === undefined && errors?.[0]?.extensions['code'] === 'OVERLOADED';
}

/** The results of a subscription: an iterable that fails with `OperationFailed`, and whose `return` reaches the subscriber at once. */
export async function subscribe(
  args: OperationArgs,
  fanOutOf: WebSocketOptions['fanOutOf'],
): Promise<AsyncIterable<ExecutionResult>> {
  const { enveloped, connection, name, share, schema, contextValue, rootValue, operation } = args;
  const context = args.contextValue as OperationContext;
  const results = (await enveloped.subscribe({ schema, contextValue, rootValue, ...operation })) as
    ExecutionResult | AsyncGenerator<ExecutionResult, void>;
  if (!(Symbol.asyncIterator in results)) {
    connection.returnSignal();
    return failed(results.errors ?? []);
  }
  const request = context.fanOutRequest;
  if (fanOutOf && request?.accepted && request.source) {
    const fanOut = fanOutOf(request.source);
    handOver({ connection, name, wanted: context, observer: request.observer }, { fanOut, request });
    return NOTHING;
  }
  // graphql-ws keeps them as long as the subscription is open.
  Object.assign(args, {
    contextValue: undefined,
    enveloped: undefined,
    operation: undefined,
    identity: undefined,
    share: undefined,
  });
  connection.subscriptions++;
  const made = new WrappedGenerator(results, {
    onNext: (result) => withCursor(result, context),
    // The envelope has masked these.
    onError: (error) => new OperationFailed([error as GraphQLError]),
    onEnd() {
      connection.subscriptions--;
      connection.returnSignal();
    },
  });
  return sentResults(made, connection, name, share);
}

/** The fan-out writes the results, and graphql-ws gets none. */
function handOver(parts: HandedOverParts, beginning: Omit<Beginning, 'signal'>): void {
  const { connection, name } = parts;
  const subscription = new HandedOverSubscription(parts);
  connection.subscriptions++;
  if (connection.ids.isOpen(name)) {
    connection.ids.handOver(subscription);
    const signal = connection.borrowSignal();
    void subscription.begin({ ...beginning, signal }).finally(() => connection.returnSignal());
  } else {
    // The client has completed it meanwhile.
    subscription.leave();
  }
  connection.returnSignal();
}

/** Sends the results, so that graphql-ws gets none. A result is made when the one before is taken. */
function sentResults(
  results: WrappedGenerator<ExecutionResult>,
  connection: Connection,
  name: string,
  share: Share,
): AsyncGenerator<never, void, void> {
  return new WrappedGenerator<never>(
    {
      async next() {
        try {
          for (;;) {
            const next = await results.next();
            share.executed();
            if (next.done === true) break;
            await connection.sendNext(name, next.value, share);
            share.clear();
          }
        } catch (error) {
          share.close();
          throw error;
        }
        share.close();
        return { done: true, value: undefined };
      },
      return() {
        share.close();
        return results.return();
      },
      throw(error) {
        share.close();
        return results.throw(error);
      },
    },
    {},
  );
}

function failed(errors: readonly GraphQLError[]): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new OperationFailed(errors)) }) };
}

/** graphql-ws wraps what an iterable throws. */
export function causesOf(error: GraphQLError): readonly GraphQLError[] {
  const cause = error.originalError ?? error.cause;
  return cause instanceof OperationFailed ? cause.errors : [error];
}
