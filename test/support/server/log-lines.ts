/** Collects the log lines of a server, written by a real pino. */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { vi } from 'vitest';
import type { Logger } from '../../../src/core/model/logger.ts';

export type Line = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

export interface LogLines {
  readonly logger: Logger;
  /** Everything that was written so far. */
  readonly text: string;
  readonly lines: readonly Line[];
  /** The lines with this message. */
  saying(message: string | RegExp): Line[];
  /** Resolves with the first line with this message. It waits, because some lines are logged after the answer. */
  said(message: string | RegExp): Promise<Line>;
}

export function logLines(level = 'debug'): LogLines {
  let text = '';
  const written = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const parsed = (): Line[] =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  const saying = (message: string | RegExp): Line[] =>
    parsed().filter(({ msg }) => (typeof message === 'string' ? msg === message : message.test(msg)));
  return {
    logger: pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, written),
    get text() {
      return text;
    },
    get lines() {
      return parsed();
    },
    saying,
    said: (message) =>
      vi.waitFor(
        () => {
          const [line] = saying(message);
          if (!line) throw new Error(`nothing says ${String(message)} in:\n${text}`);
          return line;
        },
        { timeout: 10_000 },
      ),
  };
}
