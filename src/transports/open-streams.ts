/** A response that stays open. */
export interface OpenStream {
  /** Tells the client to come back elsewhere, and ends without `complete`. */
  drain(): void;
}

/** The responses that are open, by transport: what a drain ends and what the gauges count. */
export class OpenStreams {
  readonly #streams = { sse: new Set<OpenStream>(), multipart: new Set<OpenStream>() };

  add(transport: 'sse' | 'multipart', stream: OpenStream): () => void {
    this.#streams[transport].add(stream);
    return () => this.#streams[transport].delete(stream);
  }

  count(transport: 'sse' | 'multipart'): number {
    return this.#streams[transport].size;
  }

  drain(): void {
    for (const streams of Object.values(this.#streams)) for (const stream of streams) stream.drain();
  }
}
