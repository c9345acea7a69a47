/**
 * What a transport of ours leaves for the streams in a schema that is somebody else's: in the asynchronous context of the operation,
 * or as a function under a symbol in a GraphQL context that belongs to one request. Only a stream asks for it. Without it a stream is
 * served by its generator.
 */
import type { Context } from './context.ts';

export type TransportContext = Pick<Context, 'after' | 'limit' | 'signal' | 'delivery' | 'fanOutRequest'>;

/** What is left: `ask` throws `BadInputError` for what the client has asked of the transport. */
export interface TransportOperation {
  ask(): TransportContext;
}

// Of all copies of this module: one may serve the schema that another has built.
export const TRANSPORT_CONTEXT = Symbol.for('seamline.seam');

/** Where the transport that needs it first keeps its `AsyncLocalStorage`: the schema itself loads nothing of Node. */
export const OPERATIONS = Symbol.for('seamline.operations');

/** Throws `BadInputError` for what the client has asked of the transport. */
export function transportContextOf(context: unknown): Partial<TransportContext> {
  const operation = currentOperation();
  if (operation) return operation.ask();
  if (typeof context !== 'object' || context === null) return {};
  const { [TRANSPORT_CONTEXT]: ask, request } = context as {
    [TRANSPORT_CONTEXT]?: () => TransportContext;
    request?: { signal?: unknown };
  };
  if (ask) return ask();
  // Yoga doesn't end a generator whose client has left before it was iterated; the request tells.
  const signal = request?.signal;
  return signal instanceof AbortSignal ? { signal } : {};
}

/** Of the operation at hand, where a transport keeps it beside the GraphQL context. */
export function currentOperation(): TransportOperation | undefined {
  const holder = globalThis as { [OPERATIONS]?: { getStore(): TransportOperation | undefined } };
  return holder[OPERATIONS]?.getStore();
}
