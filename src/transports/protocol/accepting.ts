/** Turns of the event loop in a row, at most, in which connections are accepted and work waits. Then comes one with work. */
const MAX_TURNS = 32;

/**
 * Says when connections wait to be accepted. libuv accepts one in each turn of the event loop, in the order in which they came. If each
 * turn had a slice of work, the last of 300 connections would wait for 300 slices. So work waits while each turn brings a connection,
 * which takes a fraction of a millisecond.
 */
export class Accepting {
  #turns = 0;
  #isBusy = false;

  /** Whether work should wait for the next turn. True at most `MAX_TURNS` times in a row. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** To be called for each connection that the server accepts or drops. */
  came(): void {
    this.#turns = this.#turns < MAX_TURNS ? this.#turns + 1 : 0;
    this.#isBusy = this.#turns > 0;
    // Immediates that exist already run before this one, so they still see this turn's connection.
    setImmediate(() => (this.#isBusy = false));
  }
}
