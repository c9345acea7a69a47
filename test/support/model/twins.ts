import { expect, vi } from 'vitest';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { startServer } from '../server/server.ts';

/** Two servers of one log: the same items at the same positions, with the same timestamps. */
export interface Twins {
  readonly fanned: SeamlineServer;
  /** Every subscription has a generator of its own. */
  readonly plain: SeamlineServer;
  readonly both: readonly [SeamlineServer, SeamlineServer];
}

export async function startTwins(options: ServerOptions = {}): Promise<Twins> {
  const log = memoryLog({ shared: true });
  const fanned = await startServer({ ...options, log });
  const plain = await startServer({ ...options, log, fanOut: false });
  return { fanned, plain, both: [fanned, plain] };
}

/** Resolves when so many subscriptions are open: then each has its cutoff. */
export const subscribed = (server: SeamlineServer, count: number): Promise<void> =>
  vi.waitFor(() => expect(server.map.subscriptions).toBe(count), { timeout: 20_000, interval: 5 });
