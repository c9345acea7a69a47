/** GraphQL over HTTP by Yoga, with SSE and multipart subscriptions of our own framing. */
import type { ExecutionResult } from 'graphql';
import { createYoga, type FetchAPI, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import { jsonPieces, resultText } from '../../core/model/json-text.ts';
import { EVERYBODY } from '../../../schema/request/caller.ts';
import { type Accepted, type JsonType, negotiate } from '../protocol/accept.ts';
import { type Admission, whenExpired } from '../protocol/admission.ts';
import { formatResult, isAboutHttp, maskError, withShortErrors, withStatus } from '../protocol/errors.ts';
import { parseEventId } from '../protocol/event-id.ts';
import { graphiqlOptions, graphiqlPages } from './graphiql.ts';
import { graphiqlTabs } from './graphiql-tabs.ts';
import type { HttpOptions } from './http-options.ts';
import { isLarge, jsonAnswer, partAnswer } from './json-answer.ts';
import { keptTexts } from './kept-texts.ts';
import type { ServerContext } from '../operations/server-context.ts';
import { boundedAnswers } from '../operations/bounded-answers.ts';
import { rememberDocuments } from '../operations/known-documents.ts';
import { operationObserver } from '../operations/operation-observer.ts';
import { withoutIntrospection } from './introspection.ts';
import { type OperationContext, operationContext, withCursor } from '../operations/operation.ts';
import { requestPlugins } from './requests.ts';
import { streamPlugin, type StreamServer } from '../streaming/stream-plugin.ts';
import { isAsyncIterable } from '../streaming/stream-response.ts';

export type Yoga = YogaServerInstance<ServerContext, OperationContext>;

export function createHttp(options: HttpOptions): Yoga {
  const { schema, allowed, requestLog } = options;
  const graphiql = options.graphiql && { ...options.graphiql, tabs: graphiqlTabs(schema) };
  return createYoga<ServerContext, OperationContext>({
    schema,
    context: (initial) => initial.operation ?? requestContext(options, initial),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    // For `namedDocuments`.
    extraParamNames: ['documentId'],
    // `rememberDocuments` takes its place.
    parserAndValidationCache: false,
    maxRequestBodySize: options.maxMessageBytes,
    // `maskError` logs errors.
    logging: false,
    maskedErrors: { maskError: (error) => maskError(error, requestLog.internal) },
    graphiql: ({ headers, url }) =>
      graphiql && negotiate(headers.get('accept')).html ? graphiqlOptions(graphiql, url) : false,
    renderGraphiQL: graphiqlPages(),
    cors: (request) => {
      const origin = request.headers.get('origin');
      const admitted = origin === null ? undefined : allowed.admits(origin);
      if (origin === null || admitted === undefined) return false;
      return { origin: [origin], credentials: admitted === 'named', methods: ['GET', 'POST'] };
    },
    plugins: [
      operationObserver(requestLog, options.observe),
      boundedAnswers(options.valueFields),
      learning(options),
      keptTexts(options),
      rememberDocuments(),
      ...requestPlugins(options),
      cursors,
      jsonResponses,
      streamPlugin(streamServer(options)),
      options.introspection ? {} : withoutIntrospection,
    ],
  });
}

function requestContext(
  { scheduler, fanOutOf, answers }: HttpOptions,
  { request, params, admission, req, res }: YogaInitialContext & ServerContext,
): OperationContext {
  // Only a stream resumes after an event.
  const isStream = negotiate(request.headers.get('accept')).stream !== undefined;
  const lastEventId = isStream ? request.headers.get('last-event-id') : null;
  const lastEvent = lastEventId ? parseEventId(lastEventId) : undefined;
  const { caller } = admission ?? OWN;
  const fanOutRequest = fanOutOf && res && {};
  const { signal } = request;
  const share = req && answers.accountOf(req.socket).open(Number(req.headers['content-length'] ?? 0));
  if (share) res?.once('close', share.close);
  return operationContext({
    scheduler,
    caller,
    extensions: params.extensions,
    lastEvent,
    signal,
    fanOutRequest,
    share,
  });
}

/** Of the server's own first operation. */
const OWN: Admission = { caller: EVERYBODY, expiresAt: undefined };

/** SSE and multipart responses: they count as connections, and end with the token that admitted them. */
function streamServer({ streams, keepAliveMs, heartbeat, fanOutOf, requestLog, answers }: HttpOptions): StreamServer {
  return {
    keepAliveMs,
    stringify: (result) => jsonPieces(formatResult(result)),
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
        share: (serverContext as Partial<OperationContext>).share,
        unread: req && answers.accountOf(req.socket).meter(),
        fanOutOf: () => {
          const { source } = (serverContext as Partial<OperationContext>).fanOutRequest ?? {};
          return source && fanOutOf?.(source);
        },
        fail: (error) => ({ errors: [maskError(error, requestLog.internal)] }),
        register(stream) {
          const remove = streams.add(transport, stream);
          const stay = whenExpired(admitted, () => stream.drain());
          const socket = req?.socket;
          if (socket) heartbeat.watch(socket);
          return () => {
            stay();
            if (socket) heartbeat.unwatch(socket);
            remove();
          };
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
  onResultProcess({ request, result: given, serverContext, setResult, setResultProcessor }) {
    if (Array.isArray(given) || isAsyncIterable(given)) return;
    const result = withShortErrors(given as ExecutionResult);
    const { single, parts } = negotiate(request.headers.get('accept'));
    if (single === 'text/event-stream' && !isAboutHttp(result)) return;
    const { share } = serverContext as Partial<OperationContext>;
    // Yoga sends one result in parts to those that take nothing else.
    if (single === undefined && parts && 'data' in result) {
      setResult({ ...result, stringify: resultText } as ExecutionResult);
      if (!share || !isLarge(result, share)) return;
      const respondInPart = (processed: unknown, fetchAPI: FetchAPI): Response =>
        partAnswer(processed as ExecutionResult, fetchAPI, share);
      return setResultProcessor(respondInPart, 'multipart/mixed');
    }
    const type = jsonTypeOf(single);
    setResult(withStatus(result, type));
    const respond = (processed: unknown, fetchAPI: FetchAPI): Response =>
      jsonAnswer(processed as ExecutionResult, fetchAPI, type, share);
    setResultProcessor(respond, type);
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
