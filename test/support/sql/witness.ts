/** Reads everything that a node delivers, by `items` and `itemChanges`, and resumes after its last cursor when the node was away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type ItemChangesSubscription, ItemChangesDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { type Address, type Feed, overWebSocket } from '../clients/clients.ts';
import { Mirror } from '../model/mirror.ts';
import type { Transaction } from './transaction.ts';

export interface Insertion {
  readonly key: string;
  readonly value: string;
  readonly cursor: string;
}

export interface Message {
  readonly cursor: string;
  readonly upserted: readonly Insertion[];
  readonly removed: readonly { readonly key: string; readonly cursor: string }[];
}

export class Witness {
  readonly items: Insertion[] = [];
  readonly messages: Message[] = [];
  readonly mirror = new Mirror();
  /** When each value arrived. */
  readonly receivedAt = new Map<string, number>();
  resets = 0;
  #isOver = false;
  #failure = Promise.withResolvers<never>();
  #arrival = Promise.withResolvers<void>();

  /** From the cursor on. */
  constructor(node: Address, from: string) {
    this.#failure.promise.catch(() => {});
    onTestFinished(() => void (this.#isOver = true));
    const items = this.#follow(
      () => overWebSocket.subscribe(node, ItemsDocument, { after: this.items.at(-1)?.cursor ?? from }),
      ({ items: { key, value, cursor } }) => {
        this.receivedAt.set(String(value), performance.now());
        this.items.push({ key, value: String(value), cursor });
      },
    );
    const changes = this.#follow(
      () => overWebSocket.subscribe(node, ItemChangesDocument, { after: this.mirror.cursor || from }),
      ({ itemChanges }) => this.#message(itemChanges),
    );
    Promise.all([items, changes]).catch((error: unknown) => this.#failure.reject(error));
  }

  /** Resolves once all these transactions have been delivered as far as `items` shows them. */
  async has(transactions: readonly Transaction[]): Promise<void> {
    const values = transactions.flatMap(({ changes }) => changes.map(({ value }) => value));
    for (const value of values) while (value !== null && !this.receivedAt.has(value)) await this.#more();
  }

  /** Resolves once `count` more items have been delivered. */
  async deliveries(count: number): Promise<void> {
    const enough = this.items.length + count;
    while (this.items.length < enough) await this.#more();
  }

  async reaches(cursor: string): Promise<void> {
    while (!(this.mirror.isCaughtUp && this.mirror.cursor === cursor)) await this.#more();
  }

  #more(): Promise<void> {
    return Promise.race([this.#arrival.promise, this.#failure.promise]);
  }

  #message(message: ItemChangesSubscription['itemChanges']): void {
    if (message.reset) this.resets++;
    this.mirror.apply(message);
    const { cursor, removed } = message;
    const upserted = message.upserted.map((item) => ({ ...item, value: String(item.value) }));
    this.messages.push({ cursor, removed, upserted });
  }

  async #follow<Data>(open: () => Feed<Data>, take: (data: Data) => void): Promise<void> {
    while (!this.#isOver) {
      const feed = open();
      try {
        for (let result = await feed.next(); result; result = await feed.next()) {
          if (!result.data) return this.#failure.reject(new Error(JSON.stringify(result.errors)));
          take(result.data);
          this.#arrival.resolve();
          this.#arrival = Promise.withResolvers();
        }
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error;
        // The node was killed.
      }
      await sleep(50);
    }
  }
}
