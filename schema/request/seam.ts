/**
 * What a transport of ours leaves for the streams in a schema that is somebody else's: in the asynchronous context of the operation,
 * or as a function under a symbol in a GraphQL context that belongs to one request. Only a stream asks for it. Without it a stream is
 * served by its generator.
 */
import type { Context } from './context.ts';

export type Seam = Pick<Context, 'after' | 'limit' | 'signal' | 'delivery' | 'fanOutRequest'>;

/** What is left: `ask` throws `BadInputError` for what the client has asked of the transport. */
export interface OperationSeam {
  ask(): Seam;
}

// Of all copies of this module: one may serve the schema that another has built.
export const SEAM = Symbol.for('seamline.seam');

/** Where the transport that needs it first keeps its `AsyncLocalStorage`: the schema itself loads nothing of Node. */
export const OPERATIONS = Symbol.for('seamline.operations');

/** Throws `BadInputError` for what the client has asked of the transport. */
export function seamOf(context: unknown): Partial<Seam> {
  const operation = operationSeam();
  if (operation) return operation.ask();
  if (typeof context !== 'object' || context === null) return {};
  const { [SEAM]: ask, request } = context as { [SEAM]?: () => Seam; request?: { signal?: unknown } };
  if (ask) return ask();
  // Yoga doesn't end a generator whose client has left before it was iterated; the request tells.
  const signal = request?.signal;
  return signal instanceof AbortSignal ? { signal } : {};
}

/** Of the operation at hand, where a transport keeps it beside the GraphQL context. */
export function operationSeam(): OperationSeam | undefined {
  const holder = globalThis as { [OPERATIONS]?: { getStore(): OperationSeam | undefined } };
  return holder[OPERATIONS]?.getStore();
}
