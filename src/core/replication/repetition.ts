/** The same message is logged again after so long, in ms. */
const REPEAT_MS = 60_000;

/** Whether a message is worth logging: it is another one than before, or was logged some time ago. */
export class Repetition {
  #message: string | undefined;
  #at = 0;

  isDue(message: string): boolean {
    const now = performance.now();
    if (message === this.#message && now - this.#at < REPEAT_MS) return false;
    [this.#message, this.#at] = [message, now];
    return true;
  }
}
