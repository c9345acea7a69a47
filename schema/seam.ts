/**
 * What a transport of ours leaves in a context that is somebody else's, for the streams in their schema: under a symbol, so that it is in
 * nobody's way. Without it a stream is served by its generator.
 */
import type { Context } from './context.ts';

export type Seam = Pick<Context, 'after' | 'limit' | 'signal' | 'delivery' | 'handover'>;

// Of all copies of this module: one may serve the schema that another has built.
export const SEAM = Symbol.for('seamline.seam');

export function seamOf(context: unknown): Partial<Seam> {
  if (typeof context !== 'object' || context === null) return {};
  const { [SEAM]: seam, request } = context as { [SEAM]?: Seam; request?: { signal?: unknown } };
  if (seam) return seam;
  // Yoga doesn't end a generator whose client has left before it was iterated; the request tells.
  const signal = request?.signal;
  return signal instanceof AbortSignal ? { signal } : {};
}
