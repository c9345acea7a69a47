import type { WebSocket } from 'ws';

/** Writes lines to stdout. While stdout is full the source socket is paused, so that a slow reader costs no memory. */
export class LineOutput {
  readonly #stream: NodeJS.WriteStream;
  #source: WebSocket | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('drain', () => this.#source?.resume());
  }

  /** Sets the socket that the lines come from, after each reconnect. */
  setSource(source: WebSocket): void {
    this.#source = source;
    if (this.#stream.writableNeedDrain) source.pause();
  }

  write(line: string): void {
    if (!this.#stream.write(`${line}\n`)) this.#source?.pause();
  }

  /** Resolves once everything has been written. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.write('', () => resolve());
    });
  }
}

/** Resolves with the exit code once the stream cannot be written to any more: 0 when its reader needs no more lines, as `head` does. */
export function closedOutput(stream: NodeJS.WriteStream): Promise<number> {
  return new Promise((resolve) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return resolve(0);
      console.error(`seamline: cannot write: ${error.message}`);
      resolve(1);
    });
  });
}
