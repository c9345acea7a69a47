/** Logs and traces every operation. All transports run through Yoga's envelope, whose plugin this is; the fast path calls `observe` itself. */
import { trace } from '@opentelemetry/api';
import { type DocumentNode, type ExecutionResult, getOperationAST, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context, StreamObserver } from '../../../schema/request/context.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { ServerContext } from './server-context.ts';
import type { RequestIdentity, RequestLog } from '../observability/request-log.ts';
import type { LogFields } from '../../core/model/logger.ts';
import { WrappedGenerator } from '../../core/subscriptions/wrapped-generator.ts';
import { negotiate } from '../protocol/accept.ts';
import { isGraphQLError } from '../protocol/errors.ts';
import { type OperationName, type OperationSpan, startOperationSpan } from '../observability/tracing.ts';

/** Of an operation's name; a longer one is cut. */
const MAX_NAME_LENGTH = 100;

interface Args {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly contextValue?: unknown;
}

/** Undefined for an operation that is not logged. */
export type Observe = (args: Args, isStream: boolean) => Observed | undefined;

export function observeOperations(requestLog: RequestLog): Observe {
  const tracer = trace.getTracer('seamline');
  return (args, isStream) => {
    const { req, identity = req && requestLog.identityOf(req) } = args.contextValue as ServerContext;
    // The server's own first operation, which only warms up, comes from no request.
    if (!identity) return undefined;
    requestLog.markReported(identity);
    const operation = nameOf(args, identity, isStream);
    const span = startOperationSpan(tracer, operation, identity.headers);
    if (isStream) requestLog.operation(identity, () => fieldsOf(operation), 'subscription started');
    return new Observed({ requestLog, identity, operation, span, isStream });
  };
}

interface ObservedParts {
  readonly requestLog: RequestLog;
  readonly identity: RequestIdentity;
  readonly operation: OperationName;
  readonly span: OperationSpan;
  readonly isStream: boolean;
}

/** A class, because thousands of subscriptions are open, and each has one. */
class Observed implements StreamObserver {
  readonly #requestLog: RequestLog;
  readonly #identity: RequestIdentity;
  readonly #operation: OperationName;
  readonly #span: OperationSpan;
  readonly #isStream: boolean;
  /** In tenths of a millisecond: V8 keeps whole numbers in place. */
  readonly #start = tenths();
  #isOver = false;

  constructor({ requestLog, identity, operation, span, isStream }: ObservedParts) {
    this.#requestLog = requestLog;
    this.#identity = identity;
    this.#operation = operation;
    this.#span = span;
    this.#isStream = isStream;
  }

  within<T>(run: () => T): T {
    return this.#span.within(run);
  }

  ended(error: unknown, deliveries: number): void {
    this.end(error === undefined ? [] : [error as GraphQLError], deliveries);
  }

  /** To be called before the errors are masked. Only the first call counts. */
  end(errors: readonly GraphQLError[] = [], deliveries?: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const code = errors.length > 0 ? this.#failed(errors) : undefined;
    this.#span.end(code, deliveries);
    const message = this.#isStream ? 'subscription ended' : 'operation done';
    const done = (): LogFields => {
      const ms = (tenths() - this.#start) / 10;
      return { ...fieldsOf(this.#operation), ms, code, deliveries };
    };
    this.#requestLog.operation(this.#identity, done, message);
  }

  /** Logs the errors. Returns the code of the first. */
  #failed(errors: readonly GraphQLError[]): string | undefined {
    const requestLog = this.#requestLog;
    const identity = this.#identity;
    const fields = fieldsOf(this.#operation);
    const codes = errors.map(codeOf);
    for (const [at, error] of errors.entries())
      if (codes[at] === INTERNAL) requestLog.attribute(error, identity, fields);
    const known = errors.map((error) => toGraphQLError(error.originalError ?? error)).filter(isGraphQLError);
    requestLog.failed(identity, known, fields);
    return codes[0];
  }
}

const tenths = (): number => Math.round(performance.now() * 10);

function fieldsOf({ type, name, transport }: OperationName): LogFields {
  return { operation: type, operationName: name, transport };
}

/** Must come before the plugin that masks errors, as Yoga's own does. */
export function operationObserver(requestLog: RequestLog, observe: Observe): Plugin {
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
          if (fanOutRequest?.accepted) fanOutRequest.observer = observed;
          else if (Symbol.asyncIterator in result)
            setResult(counted(result as AsyncGenerator<ExecutionResult>, observed));
          else observed.end(result.errors, 0);
        },
      };
    },
    onResultProcess({ result, serverContext }) {
      const { req } = serverContext as ServerContext;
      const identity = req && requestLog.identityOf(req);
      // An error from before there was an operation.
      if (!identity || requestLog.isReported(identity) || Array.isArray(result) || !('errors' in result)) return;
      requestLog.failed(identity, result.errors ?? [], { transport: 'http' });
    },
  };
}

/** The same generator, which reports its end. */
function counted(results: AsyncGenerator<ExecutionResult>, observed: Observed): AsyncGenerator<ExecutionResult> {
  let deliveries = 0;
  return new WrappedGenerator(results, {
    onNext(result) {
      deliveries++;
      return result;
    },
    onError(error) {
      observed.end([error as GraphQLError], deliveries);
      return error;
    },
    onEnd: () => observed.end([], deliveries),
  });
}

const INTERNAL = 'INTERNAL_SERVER_ERROR';

/** The code that the error has when it is masked. */
function codeOf(error: GraphQLError): string {
  const known = toGraphQLError(error.originalError ?? error);
  if (!isGraphQLError(known)) return INTERNAL;
  const { code } = known.extensions;
  return typeof code === 'string' ? code : 'BAD_USER_INPUT';
}

function nameOf(
  { document, operationName }: Args,
  { connection, headers }: RequestIdentity,
  isStream: boolean,
): OperationName {
  const operation = getOperationAST(document, operationName);
  const name = operation?.name?.value.slice(0, MAX_NAME_LENGTH);
  const type = operation?.operation ?? 'query';
  if (connection !== undefined) return { type, name, transport: 'websocket' };
  if (!isStream) return { type, name, transport: 'http' };
  return { type, name, transport: negotiate(headers.accept).stream ?? 'sse' };
}
