/** What the bench asks of every server, each in a process of its own: `serve` answers over the channel to the parent. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Peer {
  readonly port: number;
  /** Items `from` up to `to`, as if each had been inserted. */
  fill(from: number, to: number): Promise<void> | void;
}

export type Ask =
  /** CPU of the whole server, user and system, in µs. */
  | { readonly ask: 'cpu' }
  /** What is resident, garbage collected, in bytes. */
  | { readonly ask: 'resident' }
  | { readonly ask: 'fill'; readonly from: number; readonly to: number }
  | { readonly ask: 'watch' }
  /** The longest stall of the event loop since `watch`, in ms. */
  | { readonly ask: 'stall' };

/** Makes a delivery of 273 bytes. */
const VALUE = 'x'.repeat(107);

export const keyOf = (n: number): string => `item-${String(n).padStart(7, '0')}`;

export const valueOf = (n: number): string => String(n).padEnd(VALUE.length, VALUE);

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
  // Nobody to serve any more.
  process.on('disconnect', () => process.exit());
  process.send?.(port);
}
