import type { Socket } from 'node:net';

/** A connection, as its pings see it. */
export interface Pinged {
  sendPong(data: Buffer): void;
  sendAnswer(): void;
}

/** Answers to pings that wait until the socket takes something. Made when the first one waits. */
export class Pings {
  readonly #tcp: Socket;
  readonly #pinged: Pinged;
  #pong: Buffer | undefined;
  #isAnswerDue = false;
  #awaitsDrain = false;

  constructor(tcp: Socket, pinged: Pinged) {
    this.#tcp = tcp;
    this.#pinged = pinged;
  }

  /** Of WebSocket: only the newest is answered, as RFC 6455 (5.5.3) permits. */
  pong(data: Buffer): void {
    this.#pong = data;
    this.#awaitDrain();
  }

  /** Of the subprotocol: several get one answer. */
  answer(): void {
    this.#isAnswerDue = true;
    this.#awaitDrain();
  }

  answerDue(): void {
    const pong = this.#pong;
    const isAnswerDue = this.#isAnswerDue;
    this.#pong = undefined;
    this.#isAnswerDue = false;
    if (pong) this.#pinged.sendPong(pong);
    if (isAnswerDue) this.#pinged.sendAnswer();
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    // Before the outlet, which may fill the socket again.
    this.#tcp.prependOnceListener('drain', () => {
      this.#awaitsDrain = false;
      this.answerDue();
    });
  }
}
