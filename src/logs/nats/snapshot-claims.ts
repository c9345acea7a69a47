/** Nodes tell each other which one builds a snapshot. A message that is lost makes two of them build one. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { SnapshotClaims } from '../remote/driver.ts';

interface Claim {
  readonly from: string;
  /** From now on; 0 releases the claim. */
  readonly forMs: number;
}

export class SnapshotAnnouncements implements SnapshotClaims {
  readonly #client: NatsConnection;
  readonly #subject: string;
  readonly #node = crypto.randomUUID();
  /** On the monotonic clock: until then another node holds a claim. */
  #claimedUntil = 0;

  constructor(client: NatsConnection, stream: string) {
    this.#client = client;
    this.#subject = `${stream}.snapshots`;
    client.subscribe(this.#subject, {
      callback: (error, message) => {
        if (!error) this.#hear(message.string());
      },
    });
  }

  async claim(forMs: number): Promise<boolean> {
    if (performance.now() < this.#claimedUntil) return false;
    this.#tell(forMs);
    return true;
  }

  async release(): Promise<void> {
    this.#tell(0);
  }

  #tell(forMs: number): void {
    const claim: Claim = { from: this.#node, forMs };
    if (!this.#client.isClosed()) this.#client.publish(this.#subject, JSON.stringify(claim));
  }

  #hear(text: string): void {
    try {
      const { from, forMs } = JSON.parse(text) as Claim;
      if (from !== this.#node) this.#claimedUntil = performance.now() + forMs;
    } catch {
      // The message comes from some other program.
    }
  }
}
