/** The fan-out for a user's graphql-ws server. */
import { type ExecutionArgs, type ExecutionResult, getOperationAST, subscribe as subscribeByGraphQL } from 'graphql';
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws';
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { GeneratorSource } from '../../core/subscriptions/wrapped-generator.ts';
import { Outlet } from '../../fanout/outlet.ts';
import { withErrors } from '../protocol/errors.ts';
import { messageResults } from '../operations/message-results.ts';
import { type ErrorsShown, UserFanOuts, UserOperation, operationStorage } from '../operations/user-operation.ts';

type ConnectionParams = Record<string, unknown> | undefined;
type Results = AsyncGenerator<ExecutionResult, void, void>;

/** One operation, found by its arguments. */
interface Call {
  readonly operation: UserOperation;
  readonly id: string;
  readonly writable: Writable | undefined;
}

/** Takes whole frames besides those that `ws` sends. */
interface Writable {
  readonly socket: WebSocket;
  readonly tcp: Socket;
}

const AS_THEY_ARE: ErrorsShown = { inResult: (error) => error, atEnd: toGraphQLError };

/**
 * Adds the fan-out to a server of `graphql-ws/use/ws`, or of another adapter on `ws`: a selection that many subscribers share is rendered
 * once, and written from each subscriber's position. `extensions: { after }` of a subscribe message resumes a stream,
 * `extensions: { cursors: true }` shows cursors.
 *
 * The stream's generator and `subscribe` deliver as before where a result may depend on the caller, where the socket isn't one of `ws` or
 * compresses messages, and where the user's code may see or replace results: `onNext`, `onOperation`, `jsonMessageReplacer`, a replaced
 * `send` of the socket, a `subscribe` other than graphql-js's (except that of Yoga's envelope with `useFanOut`).
 *
 * @param options Of `useServer`.
 * @returns Options for `useServer`. Hooks of the user are called with the same contexts and arguments. An operation with invalid
 * `extensions` fails with `BAD_USER_INPUT`.
 * @example
 * useServer(withFanOut({ schema }), new WebSocketServer({ server, path: '/graphql' }));
 */
export function withFanOut<P extends ConnectionParams = ConnectionParams, E extends object = object>(
  options: ServerOptions<P, E>,
): ServerOptions<P, E> {
  const operations = operationStorage();
  const fanOuts = new WeakMap<ErrorsShown, UserFanOuts>();
  const calls = new WeakMap<object, Call>();
  const outlets = new WeakMap<object, Outlet>();
  const subscribe = options.subscribe ?? subscribeByGraphQL;
  const seesResults = [options.onNext, options.onOperation, options.jsonMessageReplacer].some(Boolean);

  const note = (args: object, { extra }: Context<P, E>, id: string, { extensions }: SubscribePayload): void => {
    const writable = seesResults ? undefined : writableOf(extra);
    const operation = new UserOperation(() => ({ extensions }), writable !== undefined);
    calls.set(args, { operation, id, writable });
  };

  return {
    ...options,
    async onSubscribe(socket, id, payload) {
      const given = await options.onSubscribe?.(socket, id, payload);
      if (!given || Array.isArray(given)) return given;
      const args = calls.has(given) ? ownOf(given as ExecutionArgs) : given;
      note(args, socket, id, payload);
      return args;
    },
    async context(socket, id, payload, args) {
      if (!calls.has(args)) note(args, socket, id, payload);
      const { context } = options;
      return typeof context === 'function' ? await context(socket, id, payload, args) : context;
    },
    async subscribe(args) {
      const call = calls.get(args);
      if (!call) return subscribe(args);
      calls.delete(args);
      const { operation } = call;
      operation.begin(args);
      const results = (await operations.run(operation, () => subscribe(args))) as ExecutionResult | Results;
      const { context } = operation;
      if (!context || !(Symbol.asyncIterator in results)) return results;
      const errors = subscribe === subscribeByGraphQL ? AS_THEY_ARE : operation.vouchedFor(results);
      const { id, writable } = call;
      const fanOut = errors && writable && fanOutsOf(errors).of(operation);
      if (!fanOut && !context.cursors) return results;
      return messageResults(within(operation, results), {
        id,
        context,
        fanOut,
        outlet: writable && outletOf(writable),
        fail: (error) => {
          throw errors?.atEnd(error, operation.definition);
        },
      });
    },
  };

  /** The stream's resolvers find this operation in their asynchronous context. */
  function within(operation: UserOperation, results: Results): GeneratorSource<ExecutionResult> {
    return {
      next: () => operations.run(operation, () => results.next()),
      return: () => results.return(),
      throw: (error) => results.throw(error),
    };
  }

  function fanOutsOf(errors: ErrorsShown): UserFanOuts {
    let known = fanOuts.get(errors);
    if (!known)
      fanOuts.set(errors, (known = new UserFanOuts((result) => JSON.stringify(withErrors(result, errors.inResult)))));
    return known;
  }

  function outletOf({ socket, tcp }: Writable): Outlet {
    let outlet = outlets.get(socket);
    if (!outlet) {
      const made = new Outlet(tcp, { isOpen: () => socket.readyState === socket.OPEN });
      socket.once('close', () => made.close());
      outlets.set(socket, (outlet = made));
    }
    return outlet;
  }
}

/** Undefined when only graphql-ws may write to the socket. */
function writableOf(extra: unknown): Writable | undefined {
  const { socket, request } = (extra ?? {}) as Partial<{ socket: WebSocket; request: { socket?: unknown } }>;
  const tcp = request?.socket;
  // The compression of `ws` has a state that other frames would disturb.
  if (!socket || !(tcp instanceof Socket) || socket.extensions !== '' || !sendsAsMade(socket)) return undefined;
  return { socket, tcp };
}

/** Whether `send` is that of `ws`, and not replaced to see messages. */
function sendsAsMade(socket: object): boolean {
  let owner: object | null = socket;
  while (owner && !Object.hasOwn(owner, 'send')) owner = Object.getPrototypeOf(owner) as object | null;
  return owner !== null && Object.getPrototypeOf(owner) === EventEmitter.prototype;
}

/**
 * A copy of arguments that a user has returned for an earlier operation that has not begun. A subscription is found by its arguments, so
 * each needs its own.
 */
function ownOf(args: ExecutionArgs): ExecutionArgs {
  if (getOperationAST(args.document, args.operationName)?.operation !== 'subscription') return args;
  return Object.create(Object.getPrototypeOf(args) as object, Object.getOwnPropertyDescriptors(args)) as ExecutionArgs;
}
