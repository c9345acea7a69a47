/** Lets some calls run in each turn of the event loop, oldest first, so that the work of many clients doesn't come in a row. */
export class Rotation {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #isArmed = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Calls `run` in a later turn. */
  later(run: () => void): void {
    this.#waiting.push(run);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || this.#waiting.length === 0) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      const due = this.#waiting.splice(0, this.#perTurn);
      this.#arm();
      for (const run of due) run();
    });
  }
}
