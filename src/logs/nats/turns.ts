/** A word to the other nodes, that one of them is making a snapshot. If it is lost, two do. */
import type { NatsConnection, Subscription } from '@nats-io/transport-node';

interface Word {
  readonly from: string;
  /** For so long from now; 0: it is done. */
  readonly forMs: number;
}

export class Turns {
  readonly #client: NatsConnection;
  readonly #subject: string;
  readonly #node = crypto.randomUUID();
  readonly #words: Subscription;
  /** On the monotonic clock: until then another one is at it. */
  #takenUntil = 0;

  constructor(client: NatsConnection, stream: string) {
    this.#client = client;
    this.#subject = `${stream}.snapshots`;
    this.#words = client.subscribe(this.#subject, {
      callback: (error, message) => {
        if (!error) this.#hear(message.string());
      },
    });
  }

  take(forMs: number): boolean {
    if (performance.now() < this.#takenUntil) return false;
    this.#say(forMs);
    return true;
  }

  release(): void {
    this.#say(0);
  }

  stop(): void {
    this.#words.unsubscribe();
  }

  #say(forMs: number): void {
    const word: Word = { from: this.#node, forMs };
    if (!this.#client.isClosed()) this.#client.publish(this.#subject, JSON.stringify(word));
  }

  #hear(text: string): void {
    try {
      const { from, forMs } = JSON.parse(text) as Word;
      if (from !== this.#node) this.#takenUntil = performance.now() + forMs;
    } catch {
      // Somebody else's word.
    }
  }
}
