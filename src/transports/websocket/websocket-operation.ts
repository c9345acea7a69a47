/** One operation over WebSocket: through Yoga's envelope, as over HTTP; a subscription is then the fan-out's, if there is one. */
import { type ExecutionArgs, type ExecutionResult, getOperationAST, type GraphQLError } from 'graphql';
import type { GraphQLExecutionContextValue, SubscribePayload } from 'graphql-ws';
import type { FanOut } from '../../fanout/fan-out.ts';
import { MessageFraming } from '../../fanout/framing.ts';
import type { Connection } from './connection.ts';
import { maskError, parseFailed, refused } from '../protocol/errors.ts';
import type { Yoga } from '../http/http.ts';
import { type OperationContext, withCursor } from '../operations/operation.ts';
import type { Asker, RequestLog } from '../observability/request-log.ts';
import { served } from '../operations/fan-out-results.ts';

type Enveloped = ReturnType<Yoga['getEnveloped']>;

export interface OperationArgs extends ExecutionArgs {
  readonly enveloped: Enveloped;
  readonly connection: Connection;
  readonly asker: Asker;
}

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
  enveloped: Enveloped,
  payload: SubscribePayload,
  connection: Connection,
  asker: Asker,
): Promise<OperationArgs | GraphQLError[]> {
  let document;
  try {
    document = enveloped.parse(payload.query);
  } catch (error) {
    return [parseFailed(error)];
  }
  const { schema } = enveloped;
  const errors = enveloped.validate(schema, document) as readonly GraphQLError[];
  if (errors.length > 0) return [...errors];
  if (!getOperationAST(document, payload.operationName))
    return [refused('BAD_USER_INPUT', noOperation(payload.operationName))];
  const contextValue = (await enveloped.contextFactory()) as OperationContext & GraphQLExecutionContextValue;
  const { variables: variableValues, operationName } = payload;
  return { enveloped, connection, asker, schema, document, contextValue, variableValues, operationName };
}

function noOperation(name: string | null | undefined): string {
  if (name == null) return 'the document has more than one operation: name the one to run by operationName';
  return `operationName ${JSON.stringify(name)} matches no operation of the document`;
}

export async function execute({
  enveloped,
  connection: _connection,
  asker: _asker,
  ...args
}: OperationArgs): Promise<ExecutionResult> {
  const result = (await enveloped.execute(args)) as ExecutionResult;
  return withCursor(result, args.contextValue as OperationContext);
}

/** Results as an iterable that fails with `OperationFailed`, and whose `return` reaches the subscriber at once. */
export async function subscribe(
  args: OperationArgs,
  { fanOut, log }: { readonly fanOut: FanOut | undefined; readonly log: RequestLog },
): Promise<AsyncIterable<ExecutionResult>> {
  const { enveloped, connection, asker, ...rest } = args;
  const context = args.contextValue as OperationContext;
  const results = (await enveloped.subscribe(rest)) as ExecutionResult | AsyncGenerator<ExecutionResult, void>;
  if (!(Symbol.asyncIterator in results)) return failed(results.errors ?? []);
  // graphql-ws keeps them as long as the subscription is open.
  Object.assign(args, { contextValue: undefined, enveloped: undefined, variableValues: undefined, asker: undefined });
  connection.subscriptions++;
  const onEnd = (): void => void connection.subscriptions--;
  const fail = (error: unknown): never => {
    throw new OperationFailed([maskError(error, (cause) => log.internal(cause))]);
  };
  const framing = new MessageFraming(asker.id ?? '', { cursors: context.cursors, left: context.left });
  const own = fanOut && served({ fanOut, context, outlet: connection.outlet, framing, fail, onEnd });
  return own ?? generated(results, context, onEnd);
}

function generated(
  results: AsyncGenerator<ExecutionResult, void>,
  context: OperationContext,
  onEnd: () => void,
): AsyncGenerator<ExecutionResult, void> {
  let isOver = false;
  const end = (): void => {
    if (!isOver) onEnd();
    isOver = true;
  };
  return {
    async next() {
      try {
        const next = await results.next();
        if (next.done === true) end();
        return next.done === true ? next : { done: false, value: withCursor(next.value, context) };
      } catch (error) {
        end();
        throw new OperationFailed([error as GraphQLError]);
      }
    },
    async return() {
      end();
      return results.return(undefined);
    },
    async throw(error) {
      end();
      return results.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return(undefined);
    },
  };
}

function failed(errors: readonly GraphQLError[]): AsyncIterable<ExecutionResult> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new OperationFailed(errors)) }) };
}

/** graphql-ws wraps what an iterable throws. */
export function causesOf(error: GraphQLError): readonly GraphQLError[] {
  const cause = error.originalError ?? error.cause;
  return cause instanceof OperationFailed ? cause.errors : [error];
}
