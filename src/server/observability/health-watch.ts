import type { Logger } from '../../core/model/logger.ts';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';

const INTERVAL_MS = 1000;

/** Logs when the engine becomes unhealthy and when it recovers, until the returned function is called. */
export function watchHealth(
  watched: Pick<OrderedLog, 'engine' | 'health'>,
  logger: Logger,
  intervalMs = INTERVAL_MS,
): () => void {
  const { engine } = watched;
  let since: number | undefined;
  const timer = setInterval(() => {
    const health = watched.health();
    if (!health.ok && since === undefined) {
      since = performance.now();
      logger.warn({ engine, reason: health.reason }, `not ready: ${health.reason}`);
    } else if (health.ok && since !== undefined) {
      logger.info({ engine, seconds: Math.round((performance.now() - since) / 1000) }, 'ready again');
      since = undefined;
    }
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
