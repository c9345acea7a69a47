/** Writes the messages of a command to stderr, and on a terminal a progress line that is redrawn below them. */

export interface Tally {
  readonly items: number;
  readonly refused: number;
  readonly expired: number;
  /** Bytes of the source up to the end of the last processed line. */
  readonly bytes: number;
}

export interface Extent {
  readonly elapsedMs: number;
  /** The size of the source; undefined when it is unknown. */
  readonly totalBytes: number | undefined;
}

const BAR = 24;
const INTERVAL_MS = 100;

export function progressLine({ items, bytes }: Tally, { elapsedMs, totalBytes }: Extent): string {
  const done = `${counted(items, 'item')}  ${rateOf(items, elapsedMs)}`;
  if (totalBytes === undefined) return done;
  const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes);
  const remaining = share > 0 && share < 1 ? `  ${duration((elapsedMs * (1 - share)) / share)} left` : '';
  return `${bar(share)}  ${done}${remaining}`;
}

/** `share`: from 0 to 1. */
export function bar(share: number): string {
  const filled = Math.floor(share * BAR);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

export function summaryLine({ items, refused, expired }: Tally, elapsedMs: number): string {
  const seconds = (elapsedMs / 1000).toFixed(1);
  const parts = [`${counted(items, 'item')} inserted in ${seconds} s (${rateOf(items, elapsedMs)})`];
  if (refused > 0) parts.push(`${counted(refused, 'line')} refused`);
  if (expired > 0) parts.push(`${counted(expired, 'line')} already expired`);
  return parts.join(', ');
}

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #line: () => string;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, line: () => string) {
    this.#stream = stream;
    this.#line = line;
    if (stream.isTTY) this.#timer = setTimeout(() => this.#draw(), INTERVAL_MS).unref();
  }

  say(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#clear();
    this.#timer = undefined;
  }

  #draw(): void {
    // A line that wraps cannot be redrawn.
    this.#stream.write(`\r\u001B[K${this.#line().slice(0, this.#stream.columns - 1)}`);
    this.#timer = setTimeout(() => this.#draw(), INTERVAL_MS).unref();
  }

  #clear(): void {
    if (this.#timer) this.#stream.write('\r\u001B[K');
  }
}

export const grouped = (count: number): string => count.toLocaleString('en-US');

const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Rounded to three digits. */
function rateOf(items: number, elapsedMs: number): string {
  const rate = (items * 1000) / Math.max(1, elapsedMs);
  return `${grouped(Math.round(Number(rate.toPrecision(3))))}/s`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
