/** Yoga plugins that check a request before it becomes an operation. */
import type { GraphQLError } from 'graphql';
import type { FetchAPI, GraphQLParams, Plugin, YogaInitialContext } from 'graphql-yoga';
import type { IncomingMessage } from 'node:http';
import { MAX_ACCEPT_LENGTH, negotiate } from '../protocol/accept.ts';
import { formatError, isGraphQLError, maskError, refused, responseOf } from '../protocol/errors.ts';
import { isEnded } from '../protocol/event-id.ts';
import { boundedDocuments } from './bounded-documents.ts';
import { boundedVariables } from './bounded-variables.ts';
import { ownMembers } from './own-members.ts';
import type { HttpOptions } from './http-options.ts';
import { freePieces } from '../incoming/incoming-bytes.ts';
import { parseBody } from '../incoming/json-body.ts';
import type { ServerContext } from '../operations/server-context.ts';
import { isPersistedOnly, persistedQueryNotSupported } from '../protocol/trusted-documents.ts';

/** Of a header's characters in an error. */
const MAX_SHOWN = 100;

/** Bytes of a request, by its headers. */
function requestBytes({ headers, url = '' }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0) + url.length;
}

/** Before the body is read, so that a refused request costs little. */
function admission({ admit, requestLog, turns }: HttpOptions): Plugin {
  return {
    async onRequestParse({ serverContext, endResponse, fetchAPI }) {
      const context = serverContext as ServerContext;
      const { req } = context;
      await turns.next(req?.socket ?? context, req && requestBytes(req));
      if (!req || context.admission) return;
      try {
        context.admission = await admit(req, req.headers.authorization);
      } catch (thrown) {
        const identity = requestLog.identityOf(req);
        const error = maskError(thrown, (cause) => requestLog.internal(cause, identity));
        requestLog.failed(identity, [error], { transport: 'http' });
        const response = answerOf(error, fetchAPI);
        response.headers.set('WWW-Authenticate', 'Bearer');
        endResponse(response);
      }
    },
  };
}

/** Finds documents that are named by their hash. With a manifest, no other documents run. */
function namedDocuments({ trust }: HttpOptions): Plugin {
  return {
    onParams({ params, request, setParams }) {
      if (!trust && params?.query) return;
      const named = (params as { documentId?: unknown } | null)?.documentId;
      const asked = { ...params, documentId: named ?? URL.parse(request.url)?.searchParams.get('documentId') };
      if (trust) setParams({ ...params, query: trust(asked) });
      else if (isPersistedOnly(asked)) throw persistedQueryNotSupported();
    },
  };
}

const NOT_ACCEPTABLE =
  'not acceptable: send Accept: application/json or application/graphql-response+json for a query or a mutation, text/event-stream for any operation';
const NO_STREAM =
  'a subscription is answered by a stream: send Accept: text/event-stream, or multipart/mixed;subscriptionSpec=1.0, or subscribe over WebSocket (graphql-transport-ws)';

const unfit = (message: string, status: number, headers?: Readonly<Record<string, string>>): GraphQLError =>
  refused('BAD_USER_INPUT', message, status, headers);

/** Before anything is executed whose answer the client would not take. */
const acceptable: Plugin = {
  onRequestParse({ request, endResponse, fetchAPI }) {
    const problem = acceptProblem(request);
    if (problem) endResponse(answerOf(problem, fetchAPI));
  },
  onSubscribe({ args, setResultAndStopExecution }) {
    // Undefined over WebSocket.
    const { request } = args.contextValue as Partial<YogaInitialContext>;
    if (request && negotiate(request.headers.get('accept')).stream === undefined)
      setResultAndStopExecution({ errors: [unfit(NO_STREAM, 406)] });
  },
};

function acceptProblem({ method, headers }: Request): GraphQLError | undefined {
  if (method !== 'GET' && method !== 'POST')
    return unfit(`GraphQL is served by GET and POST, not ${method}`, 405, { Allow: 'GET, POST' });
  const accept = headers.get('accept') ?? '';
  if (accept.length > MAX_ACCEPT_LENGTH)
    return unfit(`the Accept header has ${accept.length} characters, more than ${MAX_ACCEPT_LENGTH}`, 406);
  const { single, stream, parts } = negotiate(accept);
  return single === undefined && stream === undefined && !parts ? unfit(NOT_ACCEPTABLE, 406) : undefined;
}

/** Refuses streams when too many connections are open. */
function boundedStreams({ isFull, requestLog }: HttpOptions): Plugin {
  const tooMany = (req: IncomingMessage | undefined): GraphQLError => {
    if (req) requestLog.refused(requestLog.identityOf(req), 'TOO_MANY_CONNECTIONS', { transport: 'sse' });
    return refused(
      'TOO_MANY_SUBSCRIPTIONS',
      'too many connections are open: retry after 5 s, or connect to another node',
      503,
      { 'Retry-After': '5' },
    );
  };
  return {
    onRequestParse({ request, serverContext, endResponse, fetchAPI }) {
      const { stream, single } = negotiate(request.headers.get('accept'));
      const isStream = stream !== undefined && (single === undefined || single === 'text/event-stream');
      if (isStream && isFull()) endResponse(answerOf(tooMany((serverContext as ServerContext).req), fetchAPI));
    },
    // A client that also takes JSON is known to want a stream only now.
    onSubscribe({ args, setResultAndStopExecution }) {
      const { req } = args.contextValue as ServerContext;
      if (req && isFull()) setResultAndStopExecution({ errors: [tooMany(req)] });
    },
  };
}

/**
 * Answers in JSON, regardless of `Accept`, before there is an operation. Yoga's response writes text and length at once: Node would put
 * the pieces of a streamed body before the `100 Continue` of a pipelined request, and cut its headers off.
 */
function answerOf(error: GraphQLError, { Response }: FetchAPI): Response {
  const { status = 500, headers = {} } = responseOf(error);
  const type = { 'Content-Type': 'application/json; charset=utf-8' };
  return new Response(JSON.stringify({ errors: [formatError(error)] }), { status, headers: { ...headers, ...type } });
}

/** Refuses other bodies than JSON, among them those that browsers send across origins without a preflight request. */
function onlyJsonBodies({ longBodies }: HttpOptions): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext, endResponse, fetchAPI }) {
      const { parsedBody, req } = serverContext as ServerContext;
      const problem = bodyProblem(request);
      if (problem) return endResponse(answerOf(problem, fetchAPI));
      setRequestParser(async (unparsed) => {
        try {
          if (parsedBody instanceof Error) throw parsedBody;
          if (parsedBody) return parsedBody as GraphQLParams;
          if (request.method !== 'POST' && requestParser) return await requestParser(unparsed);
          // Yoga's parsers round numbers, and accept bytes that aren't UTF-8.
          const body = Buffer.from(await unparsed.arrayBuffer());
          try {
            await longBodies.turn(req?.socket ?? unparsed, body.length);
            return parseBody(body) as GraphQLParams;
          } finally {
            // Nobody else has it. A garbage collection may be far away.
            freePieces([body]);
          }
        } catch (error) {
          throw isGraphQLError(error) ? error : refused('BAD_USER_INPUT', 'the request is not valid JSON', 400);
        }
      });
    },
  };
}

function bodyProblem({ method, headers }: Request): GraphQLError | undefined {
  if (method !== 'POST') return undefined;
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity')
    return unfit(`send the body as it is, without Content-Encoding ${JSON.stringify(coding)}`, 415, {
      'Accept-Encoding': 'identity',
    });
  const contentType = headers.get('content-type') ?? '';
  const [type, ...parameters] = contentType.toLowerCase().split(/\s*;\s*/);
  const charset = parameters.find((parameter) => parameter.startsWith('charset=')) ?? '';
  if (type?.trim() === 'application/json' && /^(?:charset="?utf-?8"?)?$/.test(charset)) return undefined;
  const shown = contentType.slice(0, MAX_SHOWN) || 'without a Content-Type';
  return unfit(`send the body as application/json in UTF-8, not ${shown}`, 415, { Accept: 'application/json' });
}

/** GraphQL over HTTP says to ignore unknown members; Yoga would refuse them. */
const knownParameters: Plugin = {
  onRequestParse: () => ({
    onRequestParseDone({ requestParserResult: given, setRequestParserResult }) {
      if (typeof given !== 'object' || given === null || Array.isArray(given)) return;
      const members = given as Readonly<Record<string, unknown>>;
      const known = PARAMETERS.filter((name) => Object.hasOwn(members, name)).map((name) => [name, members[name]]);
      setRequestParserResult(Object.fromEntries(known) as GraphQLParams);
    },
  }),
};

const PARAMETERS = ['query', 'operationName', 'variables', 'extensions', 'documentId'];

/** Keeps caches from giving one caller's answer to another. */
function uncached({ allowed }: HttpOptions): Plugin {
  return {
    onResponse({ request, response }) {
      if (request.method === 'OPTIONS') response.headers.set('Allow', 'GET, POST, OPTIONS');
      if (!response.headers.has('Cache-Control')) response.headers.set('Cache-Control', 'no-store');
      if (allowed.isEmpty) return;
      response.headers.append('Vary', 'Origin');
      const origin = request.headers.get('origin');
      // Yoga would name the origin that asks.
      if (origin !== null && allowed.admits(origin) === 'any') response.headers.set('Access-Control-Allow-Origin', '*');
    },
  };
}

/** An `EventSource` reconnects after `complete`: 204 tells it that there is no more. */
const endedStreams: Plugin = {
  onRequest({ request, endResponse, fetchAPI }) {
    const lastEventId = request.headers.get('last-event-id');
    if (!lastEventId || !isEnded(lastEventId)) return;
    if (negotiate(request.headers.get('accept')).stream === 'sse')
      endResponse(new fetchAPI.Response(null, { status: 204 }));
  },
};

/** In the order in which they run. */
export function requestPlugins(options: HttpOptions): Plugin[] {
  return [
    admission(options),
    acceptable,
    boundedStreams(options),
    namedDocuments(options),
    boundedDocuments,
    boundedVariables(options),
    ownMembers(),
    onlyJsonBodies(options),
    knownParameters,
    uncached(options),
    endedStreams,
  ];
}
