import type { ServerOptions } from './options.ts';
import type { SeamlineServer } from './server.ts';

/**
 * Starts a GraphQL server. Resolves once it listens and has loaded its log. Rejects without leaving anything open when it cannot start.
 *
 * The packages of the server (Yoga, Pothos, ws and others) are loaded by the first call: a program that uses only the map needs none of them.
 *
 * @throws RangeError when an option makes no sense
 * @throws EngineUnavailableError when the log cannot be reached
 * @example
 * const server = await createServer({ port: 4000, data: './data' });
 * await server.map.insert({ key: 'greeting', value: { text: 'hello' } });
 * process.once('SIGTERM', () => void server.drain());
 */
export async function createServer(options: ServerOptions = {}): Promise<SeamlineServer> {
  const server = await import('./server.ts');
  return server.createServer(options);
}
