import type { LogFields, Logger } from '../../core/model/logger.ts';

/** Of one code in one window; further ones are counted. */
const MAX_LINES = 5;
const WINDOW_MS = 10_000;

interface Window {
  readonly timer: ReturnType<typeof setTimeout>;
  lines: number;
  suppressed: number;
  /** Those that were logged, which are at most as many as lines. */
  readonly messages: Set<string>;
}

/**
 * Logs refusals as warnings without letting them flood the log: five of each code in ten seconds, then one line with the number of
 * further ones. Codes are the server's own, so there are few of them. A message of its own is logged once in ten seconds.
 */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Of all refusals, by code. */
  readonly counts = new Map<string, number>();

  /** Counts a client's mistake, for which an operator needs no line. */
  count(code: string): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
  }

  note(code: string, fields: LogFields, message?: string): void {
    this.count(code);
    const window = this.#windows.get(code) ?? this.#open(code);
    const isRepeated = message !== undefined && window.messages.has(message);
    if (isRepeated || window.lines === MAX_LINES) window.suppressed++;
    else {
      window.lines++;
      if (message !== undefined) window.messages.add(message);
      this.#logger.warn({ code, ...fields }, message ?? 'refused');
    }
  }

  /** Logs how many have been suppressed so far. */
  flush(): void {
    for (const [code, window] of this.#windows) this.#close(code, window);
  }

  #open(code: string): Window {
    const timer = setTimeout(() => this.#close(code, window), WINDOW_MS);
    timer.unref();
    const window: Window = { timer, lines: 0, suppressed: 0, messages: new Set<string>() };
    this.#windows.set(code, window);
    return window;
  }

  #close(code: string, { timer, suppressed }: Window): void {
    clearTimeout(timer);
    this.#windows.delete(code);
    if (suppressed > 0) this.#logger.warn({ code, suppressed }, `refused ${suppressed} more`);
  }
}
