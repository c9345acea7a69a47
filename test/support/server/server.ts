import { onTestFinished } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';

/** The guarantees hold with and without fan-out, so tests run both ways. */
const WITHOUT_FAN_OUT = process.env['WITHOUT_FAN_OUT'] === 'true';

/** Starts a server on a free port. It ends with the test. */
export async function startServer(options: ServerOptions = {}): Promise<SeamlineServer> {
  const server = await createServer({ port: 0, drainTimeoutMs: 100, fanOut: !WITHOUT_FAN_OUT, ...options });
  onTestFinished(() => server.drain());
  return server;
}
