/** Tells logs and traces of every operation, on every transport: a plugin of Yoga's envelope, which they all run through. */
import { type DocumentNode, type ExecutionResult, getOperationAST, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context, FanOutRequest } from '../../../schema/request/context.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { ServerContext } from './server-context.ts';
import type { Asker, RequestLog } from '../observability/request-log.ts';
import { negotiate } from '../protocol/accept.ts';
import { isGraphQLError } from '../protocol/errors.ts';
import { type OperationName, operationTracer, startOperationSpan } from '../observability/tracing.ts';

/** What a client calls its operation is cut there. */
const MAX_NAME_LENGTH = 100;

interface Args {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly contextValue?: unknown;
}

interface Observed {
  within<T>(run: () => T): T;
  /** Once the last of it is known. To be called before the errors are masked; only the first call counts. */
  end(errors?: readonly GraphQLError[], deliveries?: number): void;
}

/** Undefined for what nobody needs to be told of. */
export type Observe = (args: Args, isStream: boolean) => Observed | undefined;

export function observer(log: RequestLog): Observe {
  const tracer = operationTracer();
  return (args, isStream) => {
    const { req, asker = req && log.asker(req), outcome } = args.contextValue as ServerContext & Partial<Context>;
    // Nobody asks the first operation, which only warms up; and an insertion that went the short way was observed there.
    if (!asker || outcome) return undefined;
    log.told(asker);
    const operation = nameOf(args, asker, isStream);
    const span = startOperationSpan(tracer, operation, asker.headers);
    const fields = { operation: operation.type, operationName: operation.name, transport: operation.transport };
    const start = performance.now();
    let isOver = false;
    if (isStream) log.operation(asker, fields, 'subscription started');
    return {
      within: span.within,
      end(errors = [], deliveries) {
        if (isOver) return;
        isOver = true;
        const codes = errors.map(codeOf);
        for (const [at, error] of errors.entries()) if (codes[at] === INTERNAL) log.blame(error, asker, fields);
        const known = errors.map((error) => toGraphQLError(error.originalError ?? error)).filter(isGraphQLError);
        log.failed(asker, known, fields);
        span.end(codes[0], deliveries);
        const ms = Math.round((performance.now() - start) * 10) / 10;
        const message = isStream ? 'subscription ended' : 'operation done';
        log.operation(asker, { ...fields, ms, code: codes[0], deliveries }, message);
      },
    };
  };
}

/** Must stand before what masks errors, as Yoga's own does. */
export function observation(log: RequestLog, observe: Observe): Plugin {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const observed = observe(args, false);
      if (!observed) return undefined;
      setExecuteFn((given) => observed.within(() => executeFn(given)));
      return {
        onExecuteDone: ({ result }) => observed.end((result as ExecutionResult).errors),
      };
    },
    onSubscribe({ args, subscribeFn, setSubscribeFn }) {
      const observed = observe(args, true);
      if (!observed) return undefined;
      setSubscribeFn((given) => observed.within(() => subscribeFn(given)));
      return {
        onSubscribeResult({ result, setResult }) {
          const { fanOutRequest } = args.contextValue as Partial<Context>;
          if (fanOutRequest?.accepted) fanOutRequest.ended = endOf(observed);
          else if (Symbol.asyncIterator in result)
            setResult(counted(result as AsyncGenerator<ExecutionResult>, observed));
          else observed.end(result.errors, 0);
        },
      };
    },
    onResultProcess({ result, serverContext }) {
      const { req } = serverContext as ServerContext;
      const asker = req && log.asker(req);
      // What was wrong before there was an operation.
      if (!asker || log.isTold(asker) || Array.isArray(result) || !('errors' in result)) return;
      log.failed(asker, result.errors ?? [], { transport: 'http' });
    },
  };
}

/** By itself, so that it keeps nothing else of the operation for as long as the subscription is open. */
function endOf(observed: Observed): NonNullable<FanOutRequest['ended']> {
  return (error, deliveries) => observed.end(error === undefined ? [] : [error as GraphQLError], deliveries);
}

/** The same generator, which tells of its end: a promise more a delivery. */
function counted(results: AsyncGenerator<ExecutionResult>, observed: Observed): AsyncGenerator<ExecutionResult> {
  let deliveries = 0;
  const noted = (next: IteratorResult<ExecutionResult>): IteratorResult<ExecutionResult> => {
    if (next.done === true) observed.end([], deliveries);
    else deliveries++;
    return next;
  };
  const failed = (error: GraphQLError): never => {
    observed.end([error], deliveries);
    throw error;
  };
  return {
    next: () => results.next().then(noted, failed),
    return(value) {
      observed.end([], deliveries);
      return results.return(value);
    },
    throw(error) {
      observed.end([], deliveries);
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

const INTERNAL = 'INTERNAL_SERVER_ERROR';

/** As it will be masked. */
function codeOf(error: GraphQLError): string {
  const known = toGraphQLError(error.originalError ?? error);
  if (!isGraphQLError(known)) return INTERNAL;
  const { code } = known.extensions;
  return typeof code === 'string' ? code : 'BAD_USER_INPUT';
}

function nameOf({ document, operationName }: Args, { connection, headers }: Asker, isStream: boolean): OperationName {
  const operation = getOperationAST(document, operationName);
  const name = operation?.name?.value.slice(0, MAX_NAME_LENGTH);
  const type = operation?.operation ?? 'query';
  if (connection !== undefined) return { type, name, transport: 'websocket' };
  if (!isStream) return { type, name, transport: 'http' };
  return { type, name, transport: negotiate(headers.accept).stream ?? 'sse' };
}
