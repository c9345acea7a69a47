import type { ServerOptions } from './options.ts';
import type { SeamlineServer } from './server.ts';

/**
 * Resolves once the server listens and holds what its log held. Rejects, leaving nothing open, when it can't. What a server is made of
 * (Yoga, Pothos, ws and others) is loaded now: who wants a map only needs none of it.
 */
export async function createServer(options: ServerOptions = {}): Promise<SeamlineServer> {
  const server = await import('./server.ts');
  return server.createServer(options);
}
