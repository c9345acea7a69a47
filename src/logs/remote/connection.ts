/** A client connection that comes back by itself, without end. The driver says when it goes and when it is back. */
export abstract class RemoteConnection {
  /** On the monotonic clock; undefined while the connection is there. */
  #downSince: number | undefined;
  /** Called each time that the connection is back. */
  onUp = (): void => {};

  get isUp(): boolean {
    return this.#downSince === undefined;
  }

  /** How many bytes have arrived since it was made, or since it came back. */
  abstract readonly heard: number;

  /** For how long it has been away, in ms. */
  get downMs(): number {
    return this.#downSince === undefined ? 0 : performance.now() - this.#downSince;
  }

  /** Why it is away, if the server says so. */
  get reason(): string {
    return '';
  }

  protected lost(): void {
    this.#downSince ??= performance.now();
  }

  protected restored(): void {
    this.#downSince = undefined;
    this.onUp();
  }
}
