/** What `seamline serve` says on stderr: JSON, a line each, for programs; on a terminal the same for people. */
import { pino } from 'pino';
import type { Logger } from '../../core/model/logger.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: whether stderr is one. */
  readonly isTerminal?: boolean;
  /** A file descriptor. Default: stderr. */
  readonly destination?: number;
}

export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const { level, isTerminal = process.stderr.isTTY, destination = 2 } = options;
  if (isTerminal) {
    const { default: pretty } = await import('pino-pretty');
    const colorize = process.env['NO_COLOR'] === undefined;
    const lines = { colorize, sync: true, destination, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' };
    const logger: Logger = pino({ level }, pretty(lines));
    return logger;
  }
  const logger: Logger = pino(
    { level, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    // Asynchronously the last lines, which are wanted most, come out of order when the process ends, or not at all.
    pino.destination({ dest: destination, sync: true }),
  );
  return logger;
}
