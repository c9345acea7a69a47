import type { WebSocket } from 'ws';

/** Lines to stdout. While that is full, the socket that they come from stands still: a slow reader costs no memory. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  #source: WebSocket | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('drain', () => this.#source?.resume());
  }

  /** The socket from now on. */
  follow(source: WebSocket): void {
    this.#source = source;
    if (this.#stream.writableNeedDrain) source.pause();
  }

  write(line: string): void {
    if (!this.#stream.write(`${line}\n`)) this.#source?.pause();
  }

  /** Resolves when everything has been passed on. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.write('', () => resolve());
    });
  }
}
