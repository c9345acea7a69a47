/**
 * What a transport of ours tells the streams in a user's schema, in the asynchronous context of the operation, or by a function under a
 * symbol in a GraphQL context that belongs to one request. Only a stream asks for it. Without it the stream's generator delivers.
 */
import type { Context } from './context.ts';

export type TransportContext = Pick<Context, 'after' | 'limit' | 'signal' | 'delivery' | 'fanOutRequest'>;

/** `ask` throws `BadInputError` for invalid extensions of the request. */
export interface TransportOperation {
  ask(): TransportContext;
}

// Shared by all copies of this module: one may serve the schema that another has built.
export const TRANSPORT_CONTEXT = Symbol.for('seamline.seam');

/** Key of the `AsyncLocalStorage` that the first transport makes: the schema itself loads nothing of Node. */
export const OPERATIONS = Symbol.for('seamline.operations');

/** Throws `BadInputError` for invalid extensions of the request. */
export function transportContextOf(context: unknown): Partial<TransportContext> {
  const operation = currentOperation();
  if (operation) return operation.ask();
  if (typeof context !== 'object' || context === null) return {};
  const { [TRANSPORT_CONTEXT]: ask, request } = context as {
    [TRANSPORT_CONTEXT]?: () => TransportContext;
    request?: { signal?: unknown };
  };
  if (ask) return ask();
  // Yoga doesn't end a generator whose client left before the first iteration, but the request's signal does.
  const signal = request?.signal;
  return signal instanceof AbortSignal ? { signal } : {};
}

/** The operation in whose asynchronous context the caller runs. */
export function currentOperation(): TransportOperation | undefined {
  const holder = globalThis as { [OPERATIONS]?: { getStore(): TransportOperation | undefined } };
  return holder[OPERATIONS]?.getStore();
}
