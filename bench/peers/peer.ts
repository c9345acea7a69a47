/** The bench's interface to every server. Each runs in a process of its own, and `serve` answers over the channel to its parent. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Peer {
  readonly port: number;
  /** Inserts the items from `from` (included) to `to` (excluded). */
  fill(from: number, to: number): Promise<void> | void;
}

export type Ask =
  /** CPU time of the server, user and system, in µs. */
  | { readonly ask: 'cpu' }
  /** Resident memory after garbage collection, in bytes. */
  | { readonly ask: 'resident' }
  | { readonly ask: 'fill'; readonly from: number; readonly to: number }
  | { readonly ask: 'watch' }
  /** The longest stall of the event loop since `watch`, in ms. */
  | { readonly ask: 'stall' };

/** A value of this length makes a delivery of 273 bytes. */
export const PADDING = 'x'.repeat(107);

export const keyOf = (n: number): string => `item-${String(n).padStart(7, '0')}`;

export const valueOf = (n: number): string => String(n).padEnd(PADDING.length, PADDING);

export function serve({ port, fill }: Peer): void {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const answer = async (asked: Ask): Promise<number> => {
    switch (asked.ask) {
      case 'cpu': {
        const { user, system } = process.cpuUsage();
        return user + system;
      }
      case 'resident':
        for (let n = 0; n < 3; n++) {
          globalThis.gc?.();
          await new Promise((resolve) => void setTimeout(resolve, 50));
        }
        return process.memoryUsage.rss();
      case 'fill':
        await fill(asked.from, asked.to);
        return asked.to;
      case 'watch':
        delay.reset();
        delay.enable();
        return 0;
      case 'stall':
        delay.disable();
        return delay.max / 1e6;
    }
  };
  process.on('message', (asked: Ask) => void answer(asked).then((value) => process.send?.(value)));
  // The bench is gone.
  process.on('disconnect', () => process.exit());
  process.send?.(port);
}
