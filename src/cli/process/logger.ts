/** The logger of `seamline serve`. It writes to stderr: lines of JSON, or readable lines on a terminal. */
import { pino } from 'pino';
import type { Logger } from '../../core/model/logger.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface LoggerOptions {
  readonly level: LogLevel;
  /** @default whether stderr is a terminal */
  readonly isTerminal?: boolean;
  /**
   * A file descriptor.
   * @default 2 (stderr)
   */
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
    // Asynchronous writes would lose or reorder the last lines, which matter most, when the process ends.
    pino.destination({ dest: destination, sync: true }),
  );
  return logger;
}
