/** What a request has to pass before it is an operation, each a plugin of Yoga's. */
import { type DocumentNode, type GraphQLError, parse, type ParseOptions, visit } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { IncomingMessage } from 'node:http';
import { formatError, isGraphQLError, maskError, refused } from './errors.ts';
import { isEnded } from './event-id.ts';
import type { HttpOptions } from './http-options.ts';
import { parseBody } from './json-body.ts';
import type { ServerContext } from './server-context.ts';

/** Tokens of one document: some ten times those of introspection. */
const MAX_TOKENS = 3000;
/** Of one document. More of the same kind goes into lists: `insertItems`, `filter.keys`. */
const MAX_ALIASES = 100;

/** Browsers send some 150. */
const MAX_ACCEPT_LENGTH = 500;

/** Before the body is read: who isn't let in costs nothing. */
export function admission({ admit, log }: HttpOptions): Plugin {
  return {
    async onRequestParse({ serverContext, endResponse }) {
      const context = serverContext as ServerContext;
      const { req } = context;
      if (!req || context.admission) return;
      try {
        context.admission = await admit(req, req.headers.authorization);
      } catch (thrown) {
        const asker = log.asker(req);
        const error = maskError(thrown, (cause) => log.internal(cause, asker));
        log.failed(asker, [error], { transport: 'http' });
        const response = answerOf(error);
        response.headers.set('WWW-Authenticate', 'Bearer');
        endResponse(response);
      }
    },
  };
}

/** A document that is cheap to send and dear to parse or to answer is refused as one that can't be parsed. */
export function boundedDocuments(): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string, options?: ParseOptions) => {
        try {
          const document = parse(source, { ...options, maxTokens: MAX_TOKENS });
          assertFewAliases(document);
          return document;
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

function assertFewAliases(document: DocumentNode): void {
  let aliases = 0;
  visit(document, { Field: ({ alias }) => void (alias && aliases++) });
  if (aliases > MAX_ALIASES) throw refused('GRAPHQL_VALIDATION_FAILED', `more than ${MAX_ALIASES} aliases`, 400);
}

/** By hash, from any client; what the server asks of itself is none. */
export function onlyTrustedDocuments({ trust }: HttpOptions): Plugin {
  return {
    onParams({ params, request, setParams }) {
      if (!trust) return;
      const named = (params as { documentId?: unknown }).documentId;
      const documentId = named ?? URL.parse(request.url)?.searchParams.get('documentId');
      setParams({ ...params, query: trust({ ...params, documentId }) });
    },
  };
}

/** Streams are connections that stay. */
export function boundedStreams({ isFull, log }: HttpOptions): Plugin {
  const tooMany = (req: IncomingMessage | undefined): GraphQLError => {
    if (req) log.refused(log.asker(req), 'TOO_MANY_CONNECTIONS', { transport: 'sse' });
    return refused('TOO_MANY_SUBSCRIPTIONS', 'too many connections', 503, { 'Retry-After': '5' });
  };
  return {
    onRequestParse({ request, serverContext, endResponse }) {
      const accept = request.headers.get('accept') ?? '';
      // What isn't acceptable is answered with a list as long as this one, a type of ours for each of the client's.
      if (accept.length > MAX_ACCEPT_LENGTH)
        return endResponse(answerOf(refused('BAD_USER_INPUT', 'the Accept header is too long', 406)));
      if (/event-stream|subscriptionspec/i.test(accept) && !/json/i.test(accept) && isFull())
        endResponse(answerOf(tooMany((serverContext as ServerContext).req)));
    },
    // Who would also take JSON is known to want a stream only now.
    onSubscribe({ args, setResultAndStopExecution }) {
      const { req } = args.contextValue as ServerContext;
      if (req && isFull()) setResultAndStopExecution({ errors: [tooMany(req)] });
    },
  };
}

/** Before there is an operation: as JSON, whatever was asked for. */
function answerOf(error: GraphQLError): Response {
  const { status = 500, headers = {} } = error.extensions['http'] as { status?: number; headers?: HeadersInit };
  return Response.json({ errors: [formatError(error)] }, { status, headers });
}

/**
 * What a browser sends across origins without asking first must not reach the parser, and what is no JSON is the client's
 * fault.
 */
export function onlyJsonBodies(): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser, endResponse }) {
      const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
      if (request.method === 'POST' && type !== 'application/json')
        return endResponse(
          answerOf(refused('BAD_USER_INPUT', 'send application/json', 415, { Accept: 'application/json' })),
        );
      setRequestParser(async (unparsed) => {
        try {
          if (request.method !== 'POST' && requestParser) return await requestParser(unparsed);
          // Yoga's parsers round numbers, and take bytes that aren't UTF-8.
          return parseBody(Buffer.from(await unparsed.arrayBuffer())) as GraphQLParams;
        } catch (error) {
          throw isGraphQLError(error) ? error : refused('BAD_USER_INPUT', 'the request is not valid JSON', 400);
        }
      });
    },
  };
}

/** Caches must not hand one caller's answer to another. */
export function uncached({ allowOrigins }: HttpOptions): Plugin {
  return {
    onResponse({ response }) {
      if (!response.headers.has('Cache-Control')) response.headers.set('Cache-Control', 'no-store');
      if (allowOrigins.length > 0) response.headers.append('Vary', 'Origin');
    },
  };
}

/** An `EventSource` comes back after `complete`: 204 tells it that there is no more. */
export function endedStreams(): Plugin {
  return {
    onRequest({ request, endResponse, fetchAPI }) {
      const lastEventId = request.headers.get('last-event-id');
      if (lastEventId && isEnded(lastEventId)) endResponse(new fetchAPI.Response(null, { status: 204 }));
    },
  };
}
