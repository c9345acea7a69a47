/** Brings the delivery from positions to a Yoga server that isn't ours: its streams over SSE and multipart. */
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';
import { ServerResponse } from 'node:http';
import { SEAM } from '../../schema/seam.ts';
import { formatError, maskError } from './errors.ts';
import { ENDED, isEnded, parseEventId } from './event-id.ts';
import { OpenStreams } from './open-streams.ts';
import { FanOuts, LazySeam, putSeam } from './seams.ts';
import { MEDIA_TYPES, streamResponse, transportOf } from './stream-response.ts';

export interface FanOutPluginOptions {
  /** Between comments that keep a quiet stream open. Default 12,000. */
  readonly keepAliveMs?: number | undefined;
}

/** Streams are told to come back elsewhere, and end within this when Yoga is disposed of. */
const DISPOSE_MS = 1000;

/**
 * A plugin for `createYoga`. What is selected by many is rendered once, and written from where each subscriber stands; every result of a
 * stream bears an `id:`, `Last-Event-ID` and `extensions: { after }` resume it, and `extensions: { cursors: true }` shows cursors. What
 * depends on the caller goes through the generator and Yoga's execution as without the plugin, and so does everything on runtimes
 * other than Node's `http`. Results that the fan-out delivers pass no plugin's `onNext`.
 */
export function useFanOut({ keepAliveMs = 12_000 }: FanOutPluginOptions = {}): Plugin {
  const seams = new WeakMap<object, LazySeam>();
  const streams = new OpenStreams();
  let logError = (_error: unknown): void => {};
  const masked = (error: unknown): ExecutionResult => ({ errors: [maskError(error, logError)] });
  const fanOuts = new FanOuts((result) => stringify(withMasked(result, logError)));
  return {
    onYogaInit({ yoga }) {
      logError = (error) => yoga.logger.error(error);
    },
    onRequest({ request, endResponse, fetchAPI }) {
      const lastEventId = request.headers.get('last-event-id') ?? '';
      if (isEndOfOurs(lastEventId)) endResponse(new fetchAPI.Response(null, { status: 204 }));
    },
    onSubscribe({ args }) {
      const context = args.contextValue as YogaInitialContext & { [SEAM]?: unknown; res?: unknown };
      // Over a WebSocket it is the adapter's.
      if (context[SEAM]) return;
      const { request, params, res } = context;
      const parts = () => {
        const lastEventId = request.headers.get('last-event-id');
        const lastEvent = lastEventId ? parseEventId(lastEventId) : undefined;
        return { extensions: params.extensions, lastEvent, signal: request.signal };
      };
      const seam = new LazySeam(parts, res instanceof ServerResponse);
      seam.begin(args);
      putSeam(context, seam);
      seams.set(context, seam);
    },
    onResultProcess({ request, result, serverContext, setResultProcessor }) {
      // Yoga has made the operation's context of the server's.
      const seam = seams.get(serverContext);
      if (!seam?.context || Array.isArray(result)) return;
      const isStream = Symbol.asyncIterator in result;
      const transport = transportOf(request.headers.get('accept'), isStream);
      if (!transport) return;
      const { res } = serverContext as { res?: unknown };
      const respond = (): Response =>
        streamResponse(transport, {
          result: result as ExecutionResult | AsyncIterable<ExecutionResult>,
          context: seam.context,
          stringify,
          keepAliveMs,
          signal: request.signal,
          res,
          fanOut: fanOuts.of(seam),
          fail: masked,
          register: (stream) => streams.add(transport, stream),
        });
      setResultProcessor(respond, MEDIA_TYPES[transport]);
    },
    onDispose: () => streams.drain(DISPOSE_MS),
  };
}

/** What fails in a selection that all share is a value that isn't what its type says, which Yoga hides; unless it was meant to be seen. */
function withMasked(result: ExecutionResult, logError: (error: unknown) => void): ExecutionResult {
  if (!result.errors) return result;
  return {
    ...result,
    errors: result.errors.map((error) => {
      if (error.extensions['code'] !== undefined) return error;
      logError(error);
      const { nodes, source, positions, path } = error;
      const extensions = { code: 'INTERNAL_SERVER_ERROR' };
      return new GraphQLError('Unexpected error.', { nodes, source, positions, path, extensions });
    }),
  };
}

/** Without what Yoga keeps to itself. */
function stringify(result: ExecutionResult): string {
  const errors = result.errors?.map((error) => {
    const { extensions: { unexpected: _unexpected, ...extensions } = {}, ...plain } = formatError(error);
    return Object.keys(extensions).length > 0 ? { ...plain, extensions } : plain;
  });
  return JSON.stringify(errors ? { ...result, errors } : result);
}

/** Others' ids may end alike. */
function isEndOfOurs(lastEventId: string): boolean {
  if (lastEventId === ENDED) return true;
  if (!isEnded(lastEventId)) return false;
  try {
    parseEventId(lastEventId);
    return true;
  } catch {
    return false;
  }
}
