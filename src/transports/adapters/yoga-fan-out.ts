/** Brings the delivery from positions to a Yoga server that isn't ours: its streams over SSE and multipart. */
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';
import { ServerResponse } from 'node:http';
import { currentOperation } from '../../../schema/request/transport-context.ts';
import { formatError, isGraphQLError } from '../protocol/errors.ts';
import { ENDED, isEnded, parseEventId } from '../protocol/event-id.ts';
import { OpenStreams } from '../streaming/open-streams.ts';
import { FanOuts, UserOperation, attachOperation } from '../operations/user-operation.ts';
import { streamPlugin } from '../streaming/stream-plugin.ts';
import { type Yoga, YogaHooks } from './yoga-hooks.ts';

export interface FanOutPluginOptions {
  /** Between comments that keep a quiet stream open. Default 12,000. */
  readonly keepAliveMs?: number | undefined;
}

/** Streams are told to come back elsewhere, and end within this when Yoga is disposed of. */
const DISPOSE_MS = 1000;

/**
 * A plugin for `createYoga`. What is selected by many is rendered once, and written from where each subscriber stands; every result of a
 * stream bears an `id:`, `Last-Event-ID` and `extensions: { after }` resume it, and `extensions: { cursors: true }` shows cursors. What
 * depends on the caller goes through the generator and Yoga's execution as without the plugin. So does everything on runtimes other than
 * Node's `http`, and where something else may see results or replace them: a plugin with an `onSubscribe` hook, one that sets another
 * result or another way to run an operation, and whoever takes a response's body or a copy of it. Errors are masked as `maskedErrors` says.
 */
export function useFanOut({ keepAliveMs = 12_000 }: FanOutPluginOptions = {}): Plugin {
  const operations = new WeakMap<object, UserOperation>();
  const streams = new OpenStreams();
  let server: { readonly yoga: Yoga; readonly hooks: YogaHooks } | undefined;
  const fanOuts = new FanOuts((result) => stringify(withErrors(result, (error) => server?.hooks.inResult(error))));
  const plugin = streamPlugin({
    keepAliveMs,
    stringify,
    begin(args) {
      // Over a WebSocket it is the adapter's.
      if (currentOperation()) return;
      const context = args.contextValue as YogaInitialContext & { res?: unknown };
      const { request, params, res } = context;
      const parts = () => {
        const lastEventId = request.headers.get('last-event-id');
        const lastEvent = lastEventId ? parseEventId(lastEventId) : undefined;
        return { extensions: params.extensions, lastEvent, signal: request.signal };
      };
      const operation = new UserOperation(parts, res instanceof ServerResponse && server?.hooks.isTransparent === true);
      operation.begin(args);
      attachOperation(context, operation);
      operations.set(context, operation);
    },
    streamed({ resultProcessor, serverContext }, transport) {
      // Yoga has made the operation's context of the server's.
      const operation = operations.get(serverContext);
      if (!operation?.context || !server?.hooks.isOwn(resultProcessor)) return undefined;
      const { hooks } = server;
      return {
        context: operation.context,
        fanOutOf: (results) => operation.vouchedFor(results) && fanOuts.of(operation),
        fail: (error) => failure(hooks.atEnd(error, operation.definition)),
        register: (stream) => streams.add(transport, stream),
        isPassedOn: true,
      };
    },
  });
  return {
    ...plugin,
    onYogaInit({ yoga }) {
      const hooks = new YogaHooks(yoga);
      server = { yoga, hooks };
      if (hooks.isTransparent) vouchBeyondHttp(yoga, hooks);
      else yoga.logger.debug('useFanOut: generators deliver, because another plugin has an onSubscribe hook');
    },
    onRequest({ request, endResponse, fetchAPI }) {
      const lastEventId = request.headers.get('last-event-id') ?? '';
      if (isEndOfOurs(lastEventId)) endResponse(new fetchAPI.Response(null, { status: 204 }));
    },
    onParams({ paramsHandler, setParamsHandler }) {
      // A plugin before this one runs operations its own way.
      if (!server || paramsHandler !== server.yoga.handleParams) return;
      const { hooks } = server;
      setParamsHandler(async (payload) => {
        const results = await paramsHandler(payload);
        operations.get(payload.context)?.vouch(results, hooks);
        return results;
      });
    },
    onDispose: () => streams.drain(DISPOSE_MS),
  };
}

/** Where the envelope is used by a WebSocket adapter of ours, which must know what left it. */
function vouchBeyondHttp(yoga: Yoga, hooks: YogaHooks): void {
  const { getEnveloped } = yoga;
  const vouching = (context?: object) => {
    const enveloped = getEnveloped(context as never);
    const subscribe = (...args: Parameters<typeof enveloped.subscribe>): unknown => {
      const operation = currentOperation();
      const results: unknown = enveloped.subscribe(...args);
      if (!(operation instanceof UserOperation)) return results;
      const vouch = <T>(made: T): T => {
        if (typeof made === 'object' && made) operation.vouch(made, hooks);
        return made;
      };
      return results instanceof Promise ? results.then(vouch) : vouch(results);
    };
    return { ...enveloped, subscribe };
  };
  Object.assign(yoga, { getEnveloped: Object.assign(vouching, getEnveloped) });
}

/** As Yoga shows what its executor throws. */
function failure(shown: unknown): ExecutionResult {
  if (isGraphQLError(shown)) return { errors: [shown] };
  const originalError = shown instanceof Error ? shown : new Error(String(shown));
  return { errors: [new GraphQLError(originalError.message, { originalError })] };
}

function withErrors(result: ExecutionResult, shown: (error: unknown) => unknown): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map((error) => shown(error) as GraphQLError) } : result;
}

/** Without what Yoga keeps to itself. */
function stringify(result: ExecutionResult): string {
  const errors = result.errors?.map((error): unknown => {
    // What a mask makes of an error needn't be GraphQL's.
    if (!isGraphQLError(error)) return error;
    const { extensions: { unexpected: _unexpected, ...extensions } = {}, ...plain } = formatError(error);
    return Object.keys(extensions).length > 0 ? { ...plain, extensions } : plain;
  });
  // Some executors bring what makes JSON of their results.
  const { stringify: write = JSON.stringify } = result as { stringify?: (result: object) => string };
  return write(errors ? { ...result, errors } : result);
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
