/** Brings the delivery from positions to a graphql-ws server that isn't ours. */
import { type ExecutionResult, subscribe as subscribeByGraphQL } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { SEAM } from '../../schema/seam.ts';
import { toGraphQLError } from '../../schema/errors.ts';
import { MessageFraming } from '../fanout/framing.ts';
import { Outlet } from '../fanout/outlet.ts';
import { type ResultContext, withCursor } from './operation.ts';
import { FanOuts, LazySeam } from './seams.ts';
import { served } from './served.ts';

type ConnectionParams = Record<string, unknown> | undefined;

/** One operation that may be one of ours, by its context. */
interface Call {
  readonly seam: LazySeam;
  readonly id: string;
  readonly outlet: Outlet | undefined;
}

/**
 * The same options for `useServer` of `graphql-ws/use/ws` (or another adapter on `ws`), with the fan-out: what is selected by many is
 * rendered once, and written from where each subscriber stands. `extensions: { after }` of a subscribe message resumes a stream,
 * `extensions: { cursors: true }` shows cursors. What depends on the caller goes through the generator and `subscribe` as without it; so
 * does everything where the socket isn't one of `ws`, where it compresses messages, where `onNext` or `jsonMessageReplacer` wants
 * to see results, and where the context is an instance of a class, which nothing can be put into.
 */
export function withFanOut<P extends ConnectionParams = ConnectionParams, E extends object = object>(
  options: ServerOptions<P, E>,
): ServerOptions<P, E> {
  const fanOuts = new FanOuts((result) => JSON.stringify(result));
  const calls = new WeakMap<object, Call>();
  const outlets = new WeakMap<object, Outlet>();
  const seesResults = options.onNext !== undefined || options.jsonMessageReplacer !== undefined;

  const outletOf = (extra: E): Outlet | undefined => {
    const { socket, request } = extra as Partial<{ socket: WebSocket; request: { socket?: unknown } }>;
    const way = request?.socket;
    // Whole frames may go beside those that `ws` sends, as long as it compresses none.
    if (seesResults || !socket || !(way instanceof Socket) || socket.extensions !== '') return undefined;
    let outlet = outlets.get(socket);
    if (!outlet) {
      const made = new Outlet(way, () => socket.readyState === socket.OPEN);
      socket.once('close', () => made.close());
      outlets.set(socket, (outlet = made));
    }
    return outlet;
  };

  const equipped = (
    given: unknown,
    { extra }: Context<P, E>,
    id: string,
    { extensions }: SubscribePayload,
  ): unknown => {
    if (!isPlain(given)) return given;
    const outlet = outletOf(extra);
    const seam = new LazySeam(() => ({ extensions }), outlet !== undefined);
    // A copy, for all operations may be given the same one.
    const context = { ...given, [SEAM]: () => seam.ask() };
    calls.set(context, { seam, id, outlet });
    return context;
  };

  return {
    ...options,
    async onSubscribe(socket, id, payload) {
      const args = await options.onSubscribe?.(socket, id, payload);
      if (!args || !('contextValue' in args)) return args;
      return { ...args, contextValue: equipped(args.contextValue, socket, id, payload) as never };
    },
    async context(socket, id, payload, args) {
      const { context } = options;
      const given: unknown = typeof context === 'function' ? await context(socket, id, payload, args) : context;
      return equipped(given, socket, id, payload) as never;
    },
    async subscribe(args) {
      const subscribe = options.subscribe ?? subscribeByGraphQL;
      const { contextValue } = args as { contextValue?: object };
      const call = contextValue && calls.get(contextValue);
      if (!call) return subscribe(args);
      call.seam.begin(args);
      const results = (await subscribe(args)) as ExecutionResult | AsyncGenerator<ExecutionResult, void, void>;
      const { context } = call.seam;
      if (!context || !(Symbol.asyncIterator in results)) return results;
      return delivered(call, context, results);
    },
  };

  function delivered(
    { seam, id, outlet }: Call,
    context: ResultContext,
    results: AsyncGenerator<ExecutionResult, void, void>,
  ): AsyncGenerator<ExecutionResult, void, void> {
    const fanOut = fanOuts.of(seam);
    const { cursors, left } = context;
    const framing = new MessageFraming(id, { cursors, left });
    const fail = (error: unknown): never => {
      throw toGraphQLError(error);
    };
    const own = fanOut && outlet && served({ fanOut, context, outlet, framing, fail });
    return own ?? (cursors ? withCursors(results, context) : results);
  }
}

function withCursors(
  results: AsyncGenerator<ExecutionResult, void, void>,
  context: ResultContext,
): AsyncGenerator<ExecutionResult, void, void> {
  return {
    async next() {
      const next = await results.next();
      return next.done === true ? next : { done: false, value: withCursor(next.value, context) };
    },
    return: () => results.return(),
    throw: (error) => results.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await results.return();
    },
  };
}

/** Nothing, or an object whose copy is as good as itself. */
function isPlain(context: unknown): context is object | undefined | null {
  if (context == null) return true;
  if (typeof context !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(context);
  return prototype === null || prototype === Object.prototype;
}
