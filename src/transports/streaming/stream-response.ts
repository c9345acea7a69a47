/** The response to a subscription over HTTP. The fan-out writes its results where it has accepted the request, else a generator makes them. */
import type { ExecutionResult } from 'graphql';
import { ServerResponse } from 'node:http';
import type { FanOut } from '../../fanout/fan-out.ts';
import { Outlet, type OutletOptions } from '../../fanout/outlet.ts';
import type { Share } from '../answers/share.ts';
import { negotiate } from '../protocol/accept.ts';
import { MULTIPART_HEADERS, multipartFraming } from './multipart.ts';
import type { OpenStream } from './open-streams.ts';
import type { ResultContext } from '../operations/operation.ts';
import { cutOf } from '../protocol/response-cut.ts';
import { once, resultStream } from './result-stream.ts';
import { fanOutResults } from '../operations/fan-out-results.ts';
import { SSE_HEADERS, sseFraming } from './sse.ts';

export interface StreamParts {
  readonly result: ExecutionResult | AsyncIterable<ExecutionResult>;
  /** Undefined when the request failed before it became an operation. */
  readonly context: ResultContext | undefined;
  /** The JSON of a result, in pieces. */
  readonly stringify: (result: ExecutionResult) => Iterable<string>;
  /** What the operation's results take until they are read. */
  readonly share?: Share | undefined;
  /** Told what waits in the outlet. */
  readonly unread?: OutletOptions['unread'];
  readonly keepAliveMs: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** The response of Node's server, if it is one. */
  readonly res: unknown;
  readonly fanOut: FanOut | undefined;
  /** The only result of a subscription that fails. */
  readonly fail: (error: unknown) => ExecutionResult;
  readonly register: (stream: OpenStream) => () => void;
  /** Whether plugins may replace the body. The fan-out then decides when the body is read. */
  readonly isPassedOn?: boolean | undefined;
}

export function streamResponse(transport: 'sse' | 'multipart', parts: StreamParts): Response {
  const { result, context, stringify, keepAliveMs, signal, fanOut, fail, register, isPassedOn = false } = parts;
  const { share, unread } = parts;
  const res = parts.res instanceof ServerResponse ? parts.res : undefined;
  const framing =
    transport === 'sse' || !context ? sseFraming(context, stringify) : multipartFraming(context, stringify);
  const generated = isAsyncIterable(result) ? result[Symbol.asyncIterator]() : once(result);
  let outlet: Outlet | undefined;
  const written = (): AsyncIterator<ExecutionResult> | undefined => {
    if (!fanOut || !context?.fanOutRequest?.accepted || !res) return undefined;
    const own = new Outlet(res, { isOpen: () => !res.writableEnded && !res.destroyed, unread });
    res.once('close', () => own.close());
    outlet = own;
    return fanOutResults({ fanOut, context, outlet, framing: framing.rendered, fail });
  };
  let isSentAsMade = (): boolean => false;
  const results = isPassedOn
    ? decidedLater(() => (isSentAsMade() ? written() : undefined) ?? generated, generated)
    : (written() ?? generated);
  const cut = cutOf(parts.res);
  const options = { framing, keepAliveMs, register, signal, outlet: () => outlet, cut, fail, share };
  const body = resultStream(results, options);
  const response = new Response(body, { headers: transport === 'sse' ? SSE_HEADERS : MULTIPART_HEADERS });
  if (isPassedOn && res) isSentAsMade = watched(response, res);
  return response;
}

/** The iterator that `choose` returns at the first `next`. */
function decidedLater(
  choose: () => AsyncIterator<ExecutionResult>,
  unlessChosen: AsyncIterator<ExecutionResult>,
): AsyncIterator<ExecutionResult> {
  let chosen: AsyncIterator<ExecutionResult> | undefined;
  return {
    next: () => (chosen ??= choose()).next(),
    return: async () => (await (chosen ?? unlessChosen).return?.()) ?? { done: true, value: undefined },
  };
}

/**
 * Whether `res` is sent the original body. The server reads it after it has sent the head; a plugin that replaces or copies the body has
 * read it before.
 */
function watched(response: Response, res: ServerResponse): () => boolean {
  let isTaken = false;
  let isTakenEarly = false;
  const take = (): void => {
    isTaken = true;
    isTakenEarly ||= !res.headersSent;
  };
  const plain = Object.getPrototypeOf(response) as Response;
  Object.defineProperties(response, {
    body: { get: () => (take(), Reflect.get(plain, 'body', response)) },
    clone: { value: () => ((isTakenEarly = true), plain.clone.call(response)) },
  });
  return () => isTaken && !isTakenEarly;
}

/** By `Accept`; undefined: the answer is JSON, or an error. */
export function transportOf(accept: string | null, isStream: boolean): 'sse' | 'multipart' | undefined {
  const { single, stream } = negotiate(accept);
  if (isStream) return stream;
  return single === 'text/event-stream' ? 'sse' : undefined;
}

export const MEDIA_TYPES = { sse: 'text/event-stream', multipart: 'multipart/mixed' } as const;

export function isAsyncIterable<T>(value: object | T): value is AsyncIterable<Awaited<T>> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
