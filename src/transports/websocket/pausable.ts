import type { WebSocket } from 'ws';
import type { Requests } from '../answers/account.ts';
import { SignalLender } from './signal-lender.ts';

/** The base of a connection whose messages wait while its outlet is full, or too many of its operations wait. */
export class Pausable extends SignalLender implements Requests {
  readonly socket: WebSocket;
  #isPausedByOutlet = false;
  #isPausedByOperations = false;

  constructor(socket: WebSocket) {
    super();
    this.socket = socket;
  }

  /** Of the account, whose operations wait. */
  pause(): void {
    this.#pause(this.#isPausedByOutlet, true);
  }

  resume(): void {
    this.#pause(this.#isPausedByOutlet, false);
  }

  protected pauseByOutlet(isPaused: boolean): void {
    this.#pause(isPaused, this.#isPausedByOperations);
  }

  #pause(byOutlet: boolean, byOperations: boolean): void {
    const wasPaused = this.#isPausedByOutlet || this.#isPausedByOperations;
    this.#isPausedByOutlet = byOutlet;
    this.#isPausedByOperations = byOperations;
    const isPaused = byOutlet || byOperations;
    if (isPaused === wasPaused) return;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }
}
