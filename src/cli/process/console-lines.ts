import { format } from 'node:util';
import type { Logger } from '../../core/model/logger.ts';

/**
 * Turns what packages print by `console` into log lines, so that a collector of JSON finds nothing else on stderr. ioredis prints its
 * warnings this way and offers no other.
 */
export function logConsole(logger: Logger): void {
  console.warn = (...parts: unknown[]) => logger.warn({ text: format(...parts) }, 'a package printed a warning');
  console.error = (...parts: unknown[]) => logger.error({ text: format(...parts) }, 'a package printed an error');
}
