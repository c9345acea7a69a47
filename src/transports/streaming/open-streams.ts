import { staggerClosings } from '../protocol/stagger-closings.ts';

/** A response that stays open. */
export interface OpenStream {
  /** Tells the client to come back elsewhere, and ends without `complete`. */
  drain(): void;
}

/** The responses that are open, by transport: what a drain ends and what the gauges count. */
export class OpenStreams {
  #isDraining = false;
  readonly #streams = { sse: new Set<OpenStream>(), multipart: new Set<OpenStream>() };

  add(transport: 'sse' | 'multipart', stream: OpenStream): () => void {
    // On a connection that is kept alive; who opens it isn't done yet.
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
    const open = Object.values(this.#streams).flatMap((streams) => [...streams].map((stream) => ({ streams, stream })));
    staggerClosings(
      // It may have ended meanwhile.
      open.map(
        ({ streams, stream }) =>
          () =>
            streams.has(stream) && stream.drain(),
      ),
      withinMs,
    );
  }
}
