/** The response to a subscription over HTTP: which one is asked for, and its body, by the fan-out where it has been taken over. */
import type { ExecutionResult } from 'graphql';
import { ServerResponse } from 'node:http';
import type { FanOut } from '../fanout/fan-out.ts';
import { Outlet } from '../fanout/outlet.ts';
import { negotiate } from './accept.ts';
import { MULTIPART_HEADERS, multipartFraming } from './multipart.ts';
import type { OpenStream } from './open-streams.ts';
import type { ResultContext } from './operation.ts';
import { cutOf } from './response-cut.ts';
import { once, resultStream } from './result-stream.ts';
import { served } from './served.ts';
import { SSE_HEADERS, sseFraming } from './sse.ts';

export interface StreamParts {
  readonly result: ExecutionResult | AsyncIterable<ExecutionResult>;
  /** Undefined when the request didn't get as far as an operation. */
  readonly context: ResultContext | undefined;
  readonly stringify: (result: ExecutionResult) => string;
  readonly keepAliveMs: number;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** The server's own response, where there is one. */
  readonly res: unknown;
  readonly fanOut: FanOut | undefined;
  /** The only result of a subscription that fails. */
  readonly fail: (error: unknown) => ExecutionResult;
  readonly register: (stream: OpenStream) => () => void;
}

export function streamResponse(transport: 'sse' | 'multipart', parts: StreamParts): Response {
  const { result, context, stringify, keepAliveMs, signal, fanOut, fail, register } = parts;
  const res = parts.res instanceof ServerResponse ? parts.res : undefined;
  const framing =
    transport === 'sse' || !context ? sseFraming(context, stringify) : multipartFraming(context, stringify);
  const outlet = context?.handover?.taken && res && new Outlet(res, () => !res.writableEnded && !res.destroyed);
  if (outlet) res?.once('close', () => outlet.close());
  const results =
    (fanOut && outlet && served({ fanOut, context, outlet, framing: framing.rendered, fail })) ??
    (isAsyncIterable(result) ? result[Symbol.asyncIterator]() : once(result));
  const body = resultStream(results, { framing, keepAliveMs, register, signal, outlet, cut: cutOf(parts.res), fail });
  return new Response(body, { headers: transport === 'sse' ? SSE_HEADERS : MULTIPART_HEADERS });
}

/** By `Accept`; undefined: as JSON, or not at all. */
export function transportOf(accept: string | null, isStream: boolean): 'sse' | 'multipart' | undefined {
  const { single, stream } = negotiate(accept);
  if (isStream) return stream;
  return single === 'text/event-stream' ? 'sse' : undefined;
}

export const MEDIA_TYPES = { sse: 'text/event-stream', multipart: 'multipart/mixed' } as const;

export function isAsyncIterable<T>(value: object | T): value is AsyncIterable<Awaited<T>> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
