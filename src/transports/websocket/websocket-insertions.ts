/**
 * Insertions over WebSocket, the short way (insertions.ts), before graphql-ws, whose awaits cost more than the insertion. Until the
 * answer is said the id is taken, and free if the client completes it meanwhile.
 *
 * Whatever is not a subscribe message that graphql-ws would run is its own to judge.
 */
import type { Connection } from './connection.ts';
import type { Insertions, ShortInsertion } from '../operations/insertions.ts';
import type { OperationMessage } from '../protocol/operation-ids.ts';

export interface WebSocketInsertionsOptions {
  readonly insertions: Insertions;
  /** Per connection. */
  readonly maxSubscriptions: number;
}

/** Hands a message to graphql-ws. */
export type Hand = (message: string | OperationMessage) => void;

export class WebSocketInsertions {
  readonly #options: WebSocketInsertionsOptions;

  constructor(options: WebSocketInsertionsOptions) {
    this.#options = options;
  }

  /** Whether it has taken the message over. One whose insertion fails is handed on after all, with the outcome. */
  take(message: OperationMessage, connection: Connection, hand: Hand): boolean {
    const { insertions, maxSubscriptions } = this.#options;
    const { id, payload } = message;
    // Answers to who doesn't read them are graphql-ws's to wait for, and count as its subscriptions.
    if (!payload || connection.outlet.isFull) return false;
    if (connection.subscriptions + connection.inserting >= maxSubscriptions) return false;
    const short = insertions.find(payload, connection.caller, { ...connection.asker, id });
    if (!short) return false;
    void this.#insert(short, message, connection, hand);
    return true;
  }

  async #insert(short: ShortInsertion, message: OperationMessage, connection: Connection, hand: Hand): Promise<void> {
    const { ids } = connection;
    const name = ids.open(message.id);
    connection.inserting++;
    const json = await short.answer();
    connection.inserting--;
    // Nobody waits for the answer of what was completed; the id may be another operation's by now.
    if (!ids.isOpen(name)) return;
    if (json !== undefined) {
      ids.close(message.id);
      return connection.sendResult(message.id, json);
    }
    connection.outcome = short.outcome;
    // It looks at the outcome before it first waits.
    hand({ ...message, id: name });
    connection.outcome = undefined;
  }
}
