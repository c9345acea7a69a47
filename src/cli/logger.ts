import type { Logger } from '../core/follower.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line per message on stderr; what stdout gets is for programs. */
export function stderrLogger(level: LogLevel): Logger {
  const least = LOG_LEVELS.indexOf(level);
  const write = (name: LogLevel) => (message: string) => {
    if (LOG_LEVELS.indexOf(name) >= least) console.error(`${new Date().toISOString()} ${name} ${message}`);
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}
