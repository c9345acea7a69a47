/** GraphQL over HTTP by Yoga, with SSE and multipart subscriptions of our own framing. */
import type { renderGraphiQL as RenderGraphiQL } from '@graphql-yoga/render-graphiql';
import { type ExecutionResult, NoSchemaIntrospectionCustomRule } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import { EVERYBODY } from '../../schema/caller.ts';
import type { Operation } from '../../schema/context.ts';
import { type Admission, whenExpired } from './admission.ts';
import { formatResult, maskError } from './errors.ts';
import { parseEventId } from './event-id.ts';
import type { HttpOptions } from './http-options.ts';
import type { ServerContext } from './server-context.ts';
import { observation } from './observation.ts';
import type { OpenStream } from './open-streams.ts';
import { type OperationContext, operationContext, withCursor } from './operation.ts';
import {
  admission,
  boundedDocuments,
  boundedStreams,
  endedStreams,
  onlyJsonBodies,
  onlyTrustedDocuments,
  uncached,
} from './requests.ts';
import { isAsyncIterable, MEDIA_TYPES, streamResponse, transportOf } from './stream-response.ts';

export type Yoga = YogaServerInstance<ServerContext, OperationContext>;

const DEFAULT_QUERY = `# What is there now, and then everything that changes.
subscription Items {
  items {
    key
    value
    timestamp
  }
}

mutation Insert {
  insertItem(input: { key: "hello", value: { text: "world" } }) {
    cursor
  }
}
`;

/**
 * What its headers tab says reaches HTTP only; a WebSocket has a token in its `connectionParams`. Loaded for the first who asks for
 * the page: it is 9 MB.
 */
async function renderGraphiQLWithTokens(options: Parameters<typeof RenderGraphiQL>[0]): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return renderGraphiQL(options).replace(
    /extensions:\{headers:(\w+\?\.headers)\}/,
    'extensions:{headers:$1,connectionParams:{headers:$1}}',
  );
}

export function createHttp(options: HttpOptions): Yoga {
  const { schema, allowOrigins, log } = options;
  return createYoga<ServerContext, OperationContext>({
    schema,
    context: (initial) => initial.operation ?? requestContext(options, initial),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    // As `onlyTrustedDocuments` reads it.
    extraParamNames: ['documentId'],
    maxRequestBodySize: options.maxBodyBytes,
    // Every error is logged where it is masked.
    logging: false,
    maskedErrors: { maskError: (error) => maskError(error, (cause) => log.internal(cause)) },
    graphiql: options.graphiql && { title: 'seamline', subscriptionsProtocol: 'WS', defaultQuery: DEFAULT_QUERY },
    renderGraphiQL: renderGraphiQLWithTokens,
    cors: (request) => {
      const origin = request.headers.get('origin');
      const isAllowed = origin !== null && allowOrigins.includes(origin);
      return isAllowed ? { origin: [origin], credentials: true, methods: ['GET', 'POST'] } : false;
    },
    plugins: [
      observation(log, options.observe),
      learning(options),
      admission(options),
      boundedStreams(options),
      onlyTrustedDocuments(options),
      boundedDocuments(),
      onlyJsonBodies(),
      uncached(options),
      endedStreams(),
      subscriptionResponses(options),
      ...introspectionRules(options),
    ],
  });
}

function requestContext(
  { map, fanOut }: HttpOptions,
  { request, params, admission, res, outcome }: YogaInitialContext & ServerContext,
): OperationContext {
  const lastEventId = request.headers.get('last-event-id');
  const lastEvent = lastEventId ? parseEventId(lastEventId) : undefined;
  const { caller } = admission ?? OWN;
  const handover = fanOut && res && {};
  const { signal } = request;
  return operationContext({ map, caller, extensions: params.extensions, lastEvent, signal, handover, outcome });
}

/** What the server asks of itself. */
const OWN: Admission = { caller: EVERYBODY, expiresAt: undefined };

/** Chooses among SSE, multipart and JSON by `Accept`, and frames what streams. */
function subscriptionResponses({ streams, keepAliveMs, heartbeat, fanOut, log }: HttpOptions): Plugin {
  return {
    onSubscribe({ args }) {
      const { handover } = args.contextValue as Partial<OperationContext>;
      const { document, operationName, variableValues } = args;
      if (handover)
        handover.operation = { document, operationName, variableValues: variableValues as Operation['variableValues'] };
    },
    onExecutionResult({ result, setResult, context }) {
      // Streams bear their cursors one by one.
      if (!result || Array.isArray(result) || isAsyncIterable(result) || !('cursors' in context)) return;
      setResult(withCursor(result as ExecutionResult, context as unknown as OperationContext));
    },
    onResultProcess({ request, result, serverContext, setResultProcessor, acceptableMediaTypes }) {
      if (Array.isArray(result)) return;
      const isStream = isAsyncIterable(result);
      const transport = transportOf(request.headers.get('accept')?.toLowerCase() ?? '*/*', isStream);
      if (!transport) {
        if (isStream) acceptableMediaTypes.push('text/event-stream');
        return;
      }
      const { admission: admitted = OWN, req, res } = serverContext as ServerContext;
      const register = (stream: OpenStream): (() => void) => {
        const remove = streams.add(transport, stream);
        const stay = whenExpired(admitted, () => stream.drain());
        const unwatch = req && heartbeat.watch(req.socket);
        return () => (stay(), unwatch?.(), remove());
      };
      const respond = (): Response =>
        streamResponse(transport, {
          result: result as ExecutionResult | AsyncIterable<ExecutionResult>,
          // Yoga has made the operation's context of the server's, so it is one; without an operation its part is missing.
          context: 'delivery' in serverContext ? (serverContext as unknown as OperationContext) : undefined,
          stringify: stringifyResult,
          keepAliveMs,
          signal: request.signal,
          res,
          fanOut,
          fail: (error) => ({ errors: [maskError(error, (cause) => log.internal(cause))] }),
          register,
        });
      setResultProcessor(respond, MEDIA_TYPES[transport]);
    },
  };
}

/** What comes again may go the short way. */
function learning({ insertions }: HttpOptions): Plugin {
  return { onExecute: ({ args }) => insertions.learn(args.document) };
}

function introspectionRules({ introspection }: HttpOptions): Plugin[] {
  if (introspection) return [];
  return [{ onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule) }];
}

function stringifyResult(result: ExecutionResult): string {
  return JSON.stringify(formatResult(result));
}
