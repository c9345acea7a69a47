/** The fan-out for a user's Yoga server: its streams over SSE and multipart. */
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';
import { ServerResponse } from 'node:http';
import { currentOperation } from '../../../schema/request/transport-context.ts';
import { formatError, isGraphQLError, withErrors } from '../protocol/errors.ts';
import { ENDED, isEnded, parseEventId } from '../protocol/event-id.ts';
import { OpenStreams } from '../streaming/open-streams.ts';
import { UserFanOuts, UserOperation, attachOperation } from '../operations/user-operation.ts';
import { streamPlugin } from '../streaming/stream-plugin.ts';
import { type Yoga, YogaHooks } from './yoga-hooks.ts';

export interface FanOutPluginOptions {
  /**
   * Time between the comments that keep a quiet stream open, in ms.
   *
   * @default 25_000
   */
  readonly keepAliveMs?: number | undefined;
}

/** When Yoga is disposed of, its streams end within this time, in ms, and their clients reconnect elsewhere. */
const DISPOSE_MS = 1000;

/**
 * A plugin for `createYoga` that adds the fan-out: a selection that many subscribers share is rendered once, and written from each
 * subscriber's position. Every result of a stream has an SSE `id:`, `Last-Event-ID` and `extensions: { after }` resume the stream, and
 * `extensions: { cursors: true }` shows cursors. Errors are masked by `maskedErrors`.
 *
 * The stream's generator and Yoga's execution deliver as without the plugin where a result may depend on the caller, on runtimes other than
 * Node's `http`, and where another plugin may see or replace results: it has an `onSubscribe` hook, sets another result or another way to
 * run an operation, or reads a response's body or a copy of it.
 *
 * @returns A plugin for `createYoga`. An operation with invalid `extensions` fails with `BAD_USER_INPUT`.
 * @example
 * const yoga = createYoga({ schema, plugins: [useFanOut()] });
 */
export function useFanOut({ keepAliveMs = 25_000 }: FanOutPluginOptions = {}): Plugin {
  const operations = new WeakMap<object, UserOperation>();
  const streams = new OpenStreams();
  let server: { readonly yoga: Yoga; readonly hooks: YogaHooks } | undefined;
  const fanOuts = new UserFanOuts((result) => stringify(withErrors(result, (error) => server?.hooks.inResult(error))));
  const plugin = streamPlugin({
    keepAliveMs,
    stringify: (result) => [stringify(result)],
    begin(args) {
      // Over a WebSocket, `withFanOut` has made it.
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

/** `withFanOut` may use this envelope, and must know which results are the envelope's own. */
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

/** The result that Yoga makes of an error of its executor. */
function failure(shown: unknown): ExecutionResult {
  if (isGraphQLError(shown)) return { errors: [shown] };
  const originalError = shown instanceof Error ? shown : new Error(String(shown));
  return { errors: [new GraphQLError(originalError.message, { originalError })] };
}

/** The JSON of a result without Yoga's internal extensions. */
function stringify(result: ExecutionResult): string {
  const errors = result.errors?.map((error): unknown => {
    // A mask may return another object than a GraphQLError.
    if (!isGraphQLError(error)) return error;
    const { extensions: { unexpected: _unexpected, ...extensions } = {}, ...plain } = formatError(error);
    return Object.keys(extensions).length > 0 ? { ...plain, extensions } : plain;
  });
  // Some executors give their results a `stringify`.
  const { stringify: write = JSON.stringify } = result as { stringify?: (result: object) => string };
  return write(errors ? { ...result, errors } : result);
}

/** Another server's id may have the same end. */
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
