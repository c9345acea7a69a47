/**
 * What a transport of ours leaves in a context that is somebody else's, for the streams in their schema: a function under a symbol, so
 * that it is in nobody's way, and knows who asked. Without it a stream is served by its generator.
 */
import type { Context } from './context.ts';

export type Seam = Pick<Context, 'after' | 'limit' | 'signal' | 'delivery' | 'handover'>;

// Of all copies of this module: one may serve the schema that another has built.
export const SEAM = Symbol.for('seamline.seam');

/** Throws `BadInputError` for what the client has asked of the transport. */
export function seamOf(context: unknown): Partial<Seam> {
  if (typeof context !== 'object' || context === null) return {};
  const { [SEAM]: ask, request } = context as { [SEAM]?: () => Seam; request?: { signal?: unknown } };
  if (ask) return ask();
  // Yoga doesn't end a generator whose client has left before it was iterated; the request tells.
  const signal = request?.signal;
  return signal instanceof AbortSignal ? { signal } : {};
}
