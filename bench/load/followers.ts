/** Subscribers that each follow a filter of their own, and insertions at a steady rate under the keys of random ones. */
import { followedValue, type InterestName, INTERESTS } from '../peers/interests.ts';
import { Caller } from './caller.ts';
import { Crowd } from './crowd.ts';
import type { RunningPeer } from './peers.ts';
import { greetingWith } from './wire.ts';

const JOIN_SECONDS = 120;
/** Enough for a server that is much slower than the rate. */
const DELIVERY_SECONDS = 60;

export class Followers {
  readonly #peer: RunningPeer;
  readonly #interest: InterestName;
  readonly #publisher: Caller;
  /** Subscriptions on each WebSocket. */
  #perSocket = 1;
  #crowd: Crowd;

  private constructor(peer: RunningPeer, interest: InterestName, publisher: Caller) {
    this.#peer = peer;
    this.#interest = interest;
    this.#publisher = publisher;
    this.#crowd = this.#newCrowd();
  }

  static async of(peer: RunningPeer, interest: InterestName): Promise<Followers> {
    return new Followers(peer, interest, await Caller.open(peer));
  }

  /** Bytes of all deliveries so far, on the wire. */
  get bytes(): number {
    return this.#crowd.bytes;
  }

  /** Adds subscribers until there are `count`. Those on WebSockets with another number of subscriptions leave. */
  async grow(count: number, perSocket: number): Promise<void> {
    if (perSocket !== this.#perSocket) {
      this.leave();
      this.#perSocket = perSocket;
      this.#crowd = this.#newCrowd();
    }
    await this.#crowd.join(count / perSocket - this.#crowd.size, perSocket, JOIN_SECONDS);
  }

  leave(): void {
    this.#crowd.leave(this.#crowd.size);
  }

  /**
   * Inserts `count` times, `rate` times a second. Resolves with the latency of each delivery in ms once all have arrived. Rejects when one is
   * missing, or when a WebSocket receives more than its subscriptions follow.
   */
  async insert(count: number, rate: number): Promise<number[]> {
    const { keyFor, followersOf } = INTERESTS[this.#interest];
    const subscribers = this.#crowd.size * this.#perSocket;
    /** When the deliveries of each WebSocket were due, in their order. */
    const dueAt = new Map<number, number[]>();
    const latencies: number[] = [];
    let [sent, expected] = [0, 0];
    this.#crowd.restart();
    const startedAt = performance.now();
    // Latency counts from the planned time, so that a late load client shows.
    const dueNext = (): number => startedAt + (sent * 1000) / rate;
    const insert = (): void => {
      const subscriber = Math.floor(Math.random() * subscribers);
      for (const follower of followersOf(subscriber)) {
        const socket = Math.floor(follower / this.#perSocket);
        const due = dueAt.get(socket);
        if (due) due.push(dueNext());
        else dueAt.set(socket, [dueNext()]);
        expected++;
      }
      this.#publisher.insert(keyFor(subscriber), followedValue(this.#interest, subscriber, sent++));
    };
    const timer = setInterval(() => {
      while (sent < count && dueNext() <= performance.now()) insert();
    }, 1);
    try {
      const all = this.#crowd.until(DELIVERY_SECONDS, (done) => (ordinal, socket) => {
        const due = dueAt.get(socket)?.[ordinal - 1];
        if (due === undefined) throw new Error(`WebSocket ${socket} received a change that it does not follow`);
        latencies.push(performance.now() - due);
        if (sent === count && latencies.length === expected) done();
      });
      await Promise.race([all, this.#publisher.failure]);
    } finally {
      clearInterval(timer);
    }
    return latencies;
  }

  #newCrowd(): Crowd {
    const { port, wire } = this.#peer;
    const { filterOf } = INTERESTS[this.#interest];
    const perSocket = this.#perSocket;
    return new Crowd(port, wire, (socket) => {
      const filters = Array.from({ length: perSocket }, (_, n) => filterOf(socket * perSocket + n));
      return greetingWith(wire, filters);
    });
  }
}
