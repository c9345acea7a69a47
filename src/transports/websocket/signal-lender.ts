import { setMaxListeners } from 'node:events';

/** The base of a connection that lends its operations a signal while they begin or are executed. An idle one has no `AbortController`. */
export class SignalLender {
  /** Whether the socket has closed. */
  isGone = false;
  #closing: AbortController | undefined;
  #borrowed = 0;

  /** Aborts when the socket closes. Call `returnSignal` when the operation doesn't need it any more. */
  borrowSignal(): AbortSignal {
    this.#borrowed++;
    this.#closing ??= this.#newController();
    return this.#closing.signal;
  }

  returnSignal(): void {
    if (--this.#borrowed === 0) this.#closing = undefined;
  }

  protected leave(): void {
    this.isGone = true;
    this.#closing?.abort();
  }

  #newController(): AbortController {
    const controller = new AbortController();
    // Each operation adds a listener.
    setMaxListeners(0, controller.signal);
    if (this.isGone) controller.abort();
    return controller;
  }
}
