/** GraphQL over HTTP by Yoga, with SSE and multipart subscriptions of our own framing. */
import type { ExecutionResult } from 'graphql';
import {
  createYoga,
  type Plugin,
  processRegularResult,
  type YogaInitialContext,
  type YogaServerInstance,
} from 'graphql-yoga';
import { EVERYBODY } from '../../../schema/request/caller.ts';
import { type Accepted, type JsonType, negotiate } from '../protocol/accept.ts';
import { type Admission, whenExpired } from '../protocol/admission.ts';
import { formatResult, isAboutHttp, maskError, withStatus } from '../protocol/errors.ts';
import { parseEventId } from '../protocol/event-id.ts';
import { graphiqlOptions, graphiqlPages } from './graphiql.ts';
import type { HttpOptions } from './http-options.ts';
import type { ServerContext } from '../operations/server-context.ts';
import { operationObserver } from '../operations/operation-observer.ts';
import { withoutIntrospection } from './introspection.ts';
import { type OperationContext, operationContext, withCursor } from '../operations/operation.ts';
import { requestPlugins } from './requests.ts';
import { streamPlugin, type StreamServer } from '../streaming/stream-plugin.ts';
import { isAsyncIterable } from '../streaming/stream-response.ts';

export type Yoga = YogaServerInstance<ServerContext, OperationContext>;

export function createHttp(options: HttpOptions): Yoga {
  const { schema, allowed, requestLog } = options;
  return createYoga<ServerContext, OperationContext>({
    schema,
    context: (initial) => initial.operation ?? requestContext(options, initial),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    // For `namedDocuments`.
    extraParamNames: ['documentId'],
    maxRequestBodySize: options.maxMessageBytes,
    // `maskError` logs errors.
    logging: false,
    maskedErrors: { maskError: (error) => maskError(error, requestLog.internal) },
    graphiql: ({ headers, url }) =>
      options.graphiql && negotiate(headers.get('accept')).html ? graphiqlOptions(options.graphiql, url) : false,
    renderGraphiQL: graphiqlPages(),
    cors: (request) => {
      const origin = request.headers.get('origin');
      const admitted = origin === null ? undefined : allowed.admits(origin);
      if (origin === null || admitted === undefined) return false;
      return { origin: [origin], credentials: admitted === 'named', methods: ['GET', 'POST'] };
    },
    plugins: [
      operationObserver(requestLog, options.observe),
      learning(options),
      ...requestPlugins(options),
      cursors,
      jsonResponses,
      streamPlugin(streamServer(options)),
      options.introspection ? {} : withoutIntrospection,
    ],
  });
}

function requestContext(
  { map, fanOut }: HttpOptions,
  { request, params, admission, res }: YogaInitialContext & ServerContext,
): OperationContext {
  // Only a stream resumes after an event.
  const isStream = negotiate(request.headers.get('accept')).stream !== undefined;
  const lastEventId = isStream ? request.headers.get('last-event-id') : null;
  const lastEvent = lastEventId ? parseEventId(lastEventId) : undefined;
  const { caller } = admission ?? OWN;
  const fanOutRequest = fanOut && res && {};
  const { signal } = request;
  return operationContext({ map, caller, extensions: params.extensions, lastEvent, signal, fanOutRequest });
}

/** Of the server's own first operation. */
const OWN: Admission = { caller: EVERYBODY, expiresAt: undefined };

/** SSE and multipart responses: they count as connections, and end with the token that admitted them. */
function streamServer({ streams, keepAliveMs, heartbeat, fanOut, requestLog }: HttpOptions): StreamServer {
  return {
    keepAliveMs,
    stringify: (result) => JSON.stringify(formatResult(result)),
    begin({ contextValue, document, operationName, variableValues }) {
      const { fanOutRequest } = contextValue as Partial<OperationContext>;
      if (fanOutRequest) fanOutRequest.operation = { document, operationName, variableValues };
    },
    streamed({ result, serverContext }, transport) {
      if (isAboutHttp(result as ExecutionResult)) return undefined;
      const { admission: admitted = OWN, req } = serverContext as ServerContext;
      return {
        // Yoga has extended the server's context to the operation's, unless the request failed before that.
        context: 'delivery' in serverContext ? (serverContext as unknown as OperationContext) : undefined,
        fanOutOf: () => fanOut,
        fail: (error) => ({ errors: [maskError(error, requestLog.internal)] }),
        register(stream) {
          const remove = streams.add(transport, stream);
          const stay = whenExpired(admitted, () => stream.drain());
          const unwatch = req && heartbeat.watch(req.socket);
          return () => (stay(), unwatch?.(), remove());
        },
      };
    },
  };
}

/** The cursors of single results; those of a stream are put to one result after the other. */
const cursors: Plugin = {
  onExecutionResult({ result, setResult, context }) {
    if (!result || Array.isArray(result) || isAsyncIterable(result) || !('cursors' in context)) return;
    setResult(withCursor(result as ExecutionResult, context as unknown as OperationContext));
  },
};

/** A single result as JSON, in the type and with the status that its `Accept` means. */
const jsonResponses: Plugin = {
  onResultProcess({ request, result: given, setResult, setResultProcessor }) {
    if (Array.isArray(given) || isAsyncIterable(given)) return;
    const result = given as ExecutionResult;
    const { single, parts } = negotiate(request.headers.get('accept'));
    if (single === 'text/event-stream' && !isAboutHttp(result)) return;
    // Yoga sends one result in parts to those that take nothing else.
    if (single === undefined && parts && 'data' in result) return;
    const type = jsonTypeOf(single);
    setResult(withStatus(result, type));
    setResultProcessor((processed, fetchAPI) => processRegularResult(processed, fetchAPI, type), type);
  },
};

/** For other types the one in which an error has a status of its own. */
function jsonTypeOf(single: Accepted['single']): JsonType {
  return single === undefined || single === 'text/event-stream' ? 'application/graphql-response+json' : single;
}

/** A document that comes again may take the fast path. */
function learning({ fastInserts }: HttpOptions): Plugin {
  return { onExecute: ({ args }) => fastInserts.learn(args.document) };
}
