/**
 * The seam between our transports and streams in a user's own schema. A transport provides it in the asynchronous context of the
 * operation, or as a function under a symbol in the GraphQL context of one request. Only streams read it; without it the generator of
 * the stream delivers.
 */
import type { Context } from './context.ts';

export type Seam = Pick<Context, 'after' | 'limit' | 'signal' | 'delivery' | 'fanOutRequest'>;

export interface OperationSeam {
  /** @throws {BadInputError} for malformed `extensions` of the request. */
  ask(): Seam;
}

// Symbol.for, because one copy of this module may serve a schema that another copy has built.
export const SEAM = Symbol.for('seamline.seam');

/** Key of the `AsyncLocalStorage` on `globalThis`. A transport creates it, so that the schema imports nothing of Node. */
export const OPERATIONS = Symbol.for('seamline.operations');

/** @throws {BadInputError} for malformed `extensions` of the request. */
export function seamOf(context: unknown): Partial<Seam> {
  const operation = operationSeam();
  if (operation) return operation.ask();
  if (typeof context !== 'object' || context === null) return {};
  const { [SEAM]: ask, request } = context as { [SEAM]?: () => Seam; request?: { signal?: unknown } };
  if (ask) return ask();
  // Yoga doesn't end a generator whose client leaves before the first iteration, so listen to the request.
  const signal = request?.signal;
  return signal instanceof AbortSignal ? { signal } : {};
}

/** The seam of the current operation, when a transport keeps it outside the GraphQL context. */
export function operationSeam(): OperationSeam | undefined {
  const holder = globalThis as { [OPERATIONS]?: { getStore(): OperationSeam | undefined } };
  return holder[OPERATIONS]?.getStore();
}
