import { staggerClosings } from '../protocol/stagger-closings.ts';

/** A response that stays open. */
export interface OpenStream {
  /** Tells the client to reconnect elsewhere, and ends without `complete`. */
  drain(): void;
}

/** The open responses by transport: a drain ends them, gauges count them. */
export class OpenStreams {
  #isDraining = false;
  readonly #streams = { sse: new Set<OpenStream>(), multipart: new Set<OpenStream>() };

  add(transport: 'sse' | 'multipart', stream: OpenStream): () => void {
    // A stream may open during a drain, on a connection that is kept alive. It drains after its caller has opened it.
    if (this.#isDraining) queueMicrotask(() => this.#streams[transport].has(stream) && stream.drain());
    this.#streams[transport].add(stream);
    return () => this.#streams[transport].delete(stream);
  }

  count(transport: 'sse' | 'multipart'): number {
    return this.#streams[transport].size;
  }

  /** One after the other, within `withinMs`. */
  drain(withinMs: number): void {
    this.#isDraining = true;
    // A stream may have ended meanwhile.
    const ends = Object.values(this.#streams).flatMap((streams) =>
      [...streams].map((stream) => () => void (streams.has(stream) && stream.drain())),
    );
    staggerClosings(ends, withinMs);
  }
}
