/** GraphQL over HTTP by Yoga, with SSE and multipart subscriptions of our own framing. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import {
  type ExecutionResult,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  type ParseOptions,
} from 'graphql';
import {
  createYoga,
  type GraphQLParams,
  type Plugin,
  type YogaInitialContext,
  type YogaServerInstance,
} from 'graphql-yoga';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StreamingMap } from '../core/streaming-map.ts';
import { EVERYBODY } from '../../schema/caller.ts';
import { type Admission, type Admit, whenExpired } from './admission.ts';
import { formatError, isGraphQLError, type LogError, maskError, refused } from './errors.ts';
import { isEnded, parseEventId } from './event-id.ts';
import { MULTIPART_HEADERS, multipartFraming } from './multipart.ts';
import type { OpenStream, OpenStreams } from './open-streams.ts';
import { type OperationContext, operationContext, withCursor } from './operation.ts';
import { once, resultStream } from './result-stream.ts';
import { SSE_HEADERS, sseFraming } from './sse.ts';

export interface HttpOptions {
  readonly schema: GraphQLSchema;
  readonly map: StreamingMap;
  readonly admit: Admit;
  readonly streams: OpenStreams;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly allowOrigins: readonly string[];
  /** Of a request's body. */
  readonly maxBodyBytes: number;
  readonly keepAliveMs: number;
  readonly logError: LogError;
}

/** What Node's server hands over, and the WebSocket transport for its operations. */
export interface ServerContext {
  readonly req?: IncomingMessage;
  readonly res?: ServerResponse;
  /** Set by the WebSocket transport, which has no request for each operation. */
  readonly operation?: OperationContext;
  /** Set once the request was let in. */
  admission?: Admission;
}

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

export function createHttp(options: HttpOptions): Yoga {
  const { schema, map, allowOrigins, logError } = options;
  return createYoga<ServerContext, OperationContext>({
    schema,
    context: (initial) => initial.operation ?? requestContext(map, initial),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    maxRequestBodySize: options.maxBodyBytes,
    // Every error is logged where it is masked.
    logging: false,
    maskedErrors: { maskError: (error) => maskError(error, logError) },
    graphiql: options.graphiql && { title: 'seamline', subscriptionsProtocol: 'WS', defaultQuery: DEFAULT_QUERY },
    renderGraphiQL,
    cors: (request) => {
      const origin = request.headers.get('origin');
      const isAllowed = origin !== null && allowOrigins.includes(origin);
      return isAllowed ? { origin: [origin], credentials: true, methods: ['GET', 'POST'] } : false;
    },
    plugins: [
      admission(options),
      boundedDocuments(),
      onlyJsonBodies(),
      varyByOrigin(options),
      endedStreams(),
      subscriptionResponses(options),
      ...introspectionRules(options),
    ],
  });
}

function requestContext(
  map: StreamingMap,
  { request, params, admission }: YogaInitialContext & ServerContext,
): OperationContext {
  const lastEventId = request.headers.get('last-event-id');
  const lastEvent = lastEventId ? parseEventId(lastEventId) : undefined;
  const { caller } = admission ?? OWN;
  return operationContext({ map, caller, extensions: params.extensions, lastEvent, signal: request.signal });
}

/** What the server asks of itself. */
const OWN: Admission = { caller: EVERYBODY, expiresAt: undefined };

/** Tokens of one document: some ten times those of introspection. */
const MAX_TOKENS = 3000;

/** Before the body is read: who isn't let in costs nothing. */
function admission({ admit, logError }: HttpOptions): Plugin {
  return {
    async onRequestParse({ serverContext, endResponse, fetchAPI }) {
      const context = serverContext as ServerContext;
      const { req } = context;
      if (!req) return;
      try {
        context.admission = await admit(req, req.headers.authorization);
      } catch (thrown) {
        const error = maskError(thrown, logError);
        const { status = 500 } = error.extensions['http'] as { status?: number };
        const headers = { 'WWW-Authenticate': 'Bearer' };
        endResponse(fetchAPI.Response.json({ errors: [formatError(error)] }, { status, headers }));
      }
    },
  };
}

/** A document that is cheap to send and dear to parse or to answer is refused as one that can't be parsed. */
function boundedDocuments(): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string, options?: ParseOptions) => {
        try {
          return parse(source, { ...options, maxTokens: MAX_TOKENS });
        } catch (error) {
          // The parser is recursive.
          throw error instanceof RangeError
            ? refused('GRAPHQL_PARSE_FAILED', 'Syntax Error: nested too deep', 400)
            : error;
        }
      });
    },
  };
}

/**
 * What a browser sends across origins without asking first must not reach the parser, and what is no JSON is the client's
 * fault.
 */
function onlyJsonBodies(): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser, endResponse, fetchAPI }) {
      const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
      if (request.method === 'POST' && type !== 'application/json') {
        const error = { message: 'send application/json', extensions: { code: 'BAD_USER_INPUT' } };
        endResponse(
          fetchAPI.Response.json({ errors: [error] }, { status: 415, headers: { Accept: 'application/json' } }),
        );
        return;
      }
      // Yoga knows the type in lower case only.
      const parse = requestParser ?? ((body: Request) => body.json() as Promise<GraphQLParams>);
      setRequestParser(async (unparsed) => {
        try {
          return await parse(unparsed);
        } catch (error) {
          throw isGraphQLError(error) ? error : refused('BAD_USER_INPUT', 'the request is not valid JSON', 400);
        }
      });
    },
  };
}

/** Caches must not hand one origin's answer to another. */
function varyByOrigin({ allowOrigins }: HttpOptions): Plugin {
  return {
    onResponse({ response }) {
      if (allowOrigins.length > 0) response.headers.append('Vary', 'Origin');
    },
  };
}

/** An `EventSource` comes back after `complete`: 204 tells it that there is no more. */
function endedStreams(): Plugin {
  return {
    onRequest({ request, endResponse, fetchAPI }) {
      const lastEventId = request.headers.get('last-event-id');
      if (lastEventId && isEnded(lastEventId)) endResponse(new fetchAPI.Response(null, { status: 204 }));
    },
  };
}

/** Chooses among SSE, multipart and JSON by `Accept`, and frames what streams. */
function subscriptionResponses({ streams, keepAliveMs }: HttpOptions): Plugin {
  return {
    onExecutionResult({ result, setResult, context }) {
      // Streams bear their cursors one by one.
      if (!result || Array.isArray(result) || isAsyncIterable(result) || !('cursors' in context)) return;
      setResult(withCursor(result as ExecutionResult, context as unknown as OperationContext));
    },
    onResultProcess({ request, result, serverContext, setResultProcessor, acceptableMediaTypes }) {
      if (Array.isArray(result)) return;
      const accept = request.headers.get('accept')?.toLowerCase() ?? '*/*';
      const acceptsJson = /application\/(graphql-response\+)?json|\*\/\*|application\/\*/.test(accept);
      const isStream = isAsyncIterable(result);
      // Yoga has made the operation's context of the server's, so it is one; without an operation its part is missing.
      const context = 'delivery' in serverContext ? (serverContext as unknown as OperationContext) : undefined;
      const respond = (transport: 'sse' | 'multipart', stringify: (result: ExecutionResult) => string): Response => {
        const framing =
          transport === 'sse' || !context ? sseFraming(context, stringify) : multipartFraming(context, stringify);
        const { admission: admitted = OWN } = serverContext as ServerContext;
        const register = (stream: OpenStream): (() => void) => {
          const remove = streams.add(transport, stream);
          const stay = whenExpired(admitted, () => stream.drain());
          return () => (stay(), remove());
        };
        const results = isStream
          ? (result as AsyncIterable<ExecutionResult>)[Symbol.asyncIterator]()
          : once(result as ExecutionResult);
        const body = resultStream(results, { framing, keepAliveMs, register });
        return new Response(body, { headers: transport === 'sse' ? SSE_HEADERS : MULTIPART_HEADERS });
      };
      if (isStream && accept.includes('multipart/mixed') && accept.includes('subscriptionspec'))
        setResultProcessor(() => respond('multipart', stringifyResult), 'multipart/mixed');
      else if (
        accept.includes('text/event-stream') ? isStream || !acceptsJson : isStream && /\*\/\*|text\/\*/.test(accept)
      )
        setResultProcessor(() => respond('sse', stringifyResult), 'text/event-stream');
      else if (isStream) acceptableMediaTypes.push('text/event-stream');
    },
  };
}

function introspectionRules({ introspection }: HttpOptions): Plugin[] {
  if (introspection) return [];
  return [{ onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule) }];
}

function stringifyResult(result: ExecutionResult): string {
  return JSON.stringify(result.errors ? { ...result, errors: result.errors.map(formatError) } : result);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
