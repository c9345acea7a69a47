/** Lets some calls run in each turn of the event loop, oldest first, so that the work of many clients doesn't come in a row. */
export class Rotation {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  /** In this turn. */
  #ran = 0;
  #isArmed = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Calls `run` at once if this turn has room, or else in a later one. */
  soon(run: () => void): void {
    this.#arm();
    if (this.#waiting.length > 0 || this.#ran >= this.#perTurn) this.#waiting.push(run);
    else {
      this.#ran++;
      run();
    }
  }

  /** Calls `run` in a later turn. */
  later(run: () => void): void {
    this.#waiting.push(run);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      const due = this.#waiting.splice(0, this.#perTurn);
      this.#ran = due.length;
      if (this.#waiting.length > 0) this.#arm();
      for (const run of due) run();
    });
  }
}
