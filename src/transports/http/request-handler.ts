/** Answers GraphQL over HTTP: Yoga does, except for what the fast path of insertions takes. */
import type { GraphQLError } from 'graphql';
import type { Caller } from '../../../schema/request/caller.ts';
import { processRegularResult } from 'graphql-yoga';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { insertionBytes } from '../answers/insertion-bytes.ts';
import type { Share } from '../answers/share.ts';
import { type JsonType, MAX_ACCEPT_LENGTH, negotiate } from '../protocol/accept.ts';
import { maskResult } from '../protocol/errors.ts';
import type { Yoga } from './http.ts';
import { freePieces } from '../incoming/incoming-bytes.ts';
import { parseBody } from '../incoming/json-body.ts';
import type { FastAnswer } from '../operations/fast-insert.ts';
import type { TransportOptions } from '../operations/transport-options.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function requestHandler(yoga: Yoga, options: TransportOptions): Handler {
  const { admit, answers, fastInserts, longBodies, requestLog } = options;
  return async (request, response) => {
    const type = plainType(request, options.maxMessageBytes);
    // Yoga refuses a request that isn't admitted, and never reads its body.
    const admission = type && (await admit(request, request.headers.authorization).catch(() => undefined));
    if (!type || !admission) return void yoga(request, response);

    // The body was refused meanwhile, and its pieces are freed.
    if (response.headersSent) return;
    const pieces = await piecesOf(request);
    try {
      const turn = longBodies.turn(request.socket, Number(request.headers['content-length']));
      if (turn) await turn;
    } catch (error) {
      freePieces(pieces);
      return refuse(request, response, type, error as GraphQLError);
    }
    if (response.destroyed) return freePieces(pieces);
    const parsedBody = parsed(pieces);
    const account = answers.accountOf(request.socket);
    const share = account.open(Number(request.headers['content-length']));
    const fast =
      account.isReady && !(parsedBody instanceof Error) && inserted(parsedBody, admission.caller, request, share);
    if (fast) {
      response.on('close', share.close);
      return sendResult(response, await fast, type, share);
    }
    void yoga(Object.assign(request, { body: READ }), response, { admission, parsedBody });
  };

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    type: JsonType,
    error: GraphQLError,
  ): Promise<void> {
    requestLog.failed(requestLog.identityOf(request), [error], { transport: 'http' });
    const share = answers.accountOf(request.socket).open(0);
    response.once('close', share.close);
    return sendResult(response, { errors: [error] }, type, share);
  }

  function inserted(
    parsedBody: object,
    caller: Caller,
    request: IncomingMessage,
    share: Share,
  ): Promise<FastAnswer> | undefined {
    try {
      return fastInserts.start(parsedBody, caller, requestLog.identityOf(request), (answer, items) => {
        share.take(insertionBytes(answer, items, share.requestBytes));
        share.bind();
      });
    } catch (refusal) {
      requestLog.failed(requestLog.identityOf(request), [refusal as GraphQLError], { transport: 'http' });
      return Promise.resolve({ errors: [refusal as GraphQLError] });
    }
  }

  async function sendResult(response: ServerResponse, answer: FastAnswer, type: JsonType, share: Share): Promise<void> {
    let [status, json] = [200, answer];
    let retryAfter: string | null = null;
    if (typeof json !== 'string') {
      // Errors decide the status.
      const processed = processRegularResult(maskResult(json, requestLog.internal), yoga.fetchAPI, type);
      ({ status } = processed);
      retryAfter = processed.headers.get('retry-after');
      json = await processed.text();
    }
    share.clear();
    // A share that was refused takes nothing more.
    if (!share.refusal) share.take(json.length);
    response.writeHead(status, {
      ...(retryAfter !== null && { 'Retry-After': retryAfter }),
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Length': Buffer.byteLength(json),
      'Cache-Control': 'no-store',
    });
    response.end(json);
  }
}

/** Yoga's adapter takes a request with such a body for one that was read. */
const READ = { isRead: true };

/** Of a body that is freed. A shorter one is mostly a part of a buffer that others use. */
const MIN_FREED_BYTES = 1024;

/** What the body holds, or what is wrong with it. Its pieces are freed, because a garbage collection may be far away. */
function parsed(pieces: readonly Buffer[]): object {
  const [only] = pieces;
  const body = pieces.length === 1 && only ? only : Buffer.concat(pieces);
  try {
    return parseBody(body);
  } catch (error) {
    return error as Error;
  } finally {
    if (body.length >= MIN_FREED_BYTES) freePieces([...pieces, body]);
  }
}

async function piecesOf(request: IncomingMessage): Promise<Buffer[]> {
  // Mostly it has come together with the headers.
  if (request.readableLength === Number(request.headers['content-length'])) return [request.read() as Buffer];
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  await new Promise((resolve) => request.once('end', resolve));
  return pieces;
}

/** Headers that may ask for something special. */
const SPECIAL = ['origin', 'content-encoding', 'last-event-id'] as const;

/** The type of a plain request's answer. Undefined: the request may ask for something special, which Yoga's pipeline knows. */
function plainType({ method, url, headers }: IncomingMessage, maxBodyBytes: number): JsonType | undefined {
  if (method !== 'POST' || url !== '/graphql' || SPECIAL.some((name) => headers[name] !== undefined)) return undefined;
  if (!/^application\/json *(?:; *charset=utf-8)?$/i.test(headers['content-type'] ?? '')) return undefined;
  const length = Number(headers['content-length']);
  if (!(length > 0 && length <= maxBodyBytes)) return undefined;
  const { accept = '*/*' } = headers;
  if (accept.length > MAX_ACCEPT_LENGTH) return undefined;
  const { single } = negotiate(accept);
  return single === 'text/event-stream' ? undefined : single;
}
