/**
 * Insertions over WebSocket, the short way (insertions.ts), before graphql-ws, whose awaits cost more than the insertion. What it
 * knows of the connection stays right: until the answer is said the id is taken, and free if the client completes it meanwhile.
 *
 * Whatever is not a subscribe message that graphql-ws would run is its own to judge.
 */
import type { Context as WsContext } from 'graphql-ws';
import { nothing } from '../../schema/context.ts';
import { parseJson } from '../core/json.ts';
import type { Connection } from './connection.ts';
import type { Insertions, Parameters, ShortInsertion } from './insertions.ts';

export interface WebSocketInsertionsOptions {
  readonly insertions: Insertions;
  /** Per connection. */
  readonly maxSubscriptions: number;
}

/** Hands the message to graphql-ws. */
type Hand = (text: string) => void;

export class WebSocketInsertions {
  readonly #options: WebSocketInsertionsOptions;

  constructor(options: WebSocketInsertionsOptions) {
    this.#options = options;
  }

  /** Whether it has taken the message over. One whose insertion fails is handed on after all, with the outcome. */
  take(text: string, connection: Connection, hand: Hand): boolean {
    const { insertions, maxSubscriptions } = this.#options;
    const { context, caller } = connection;
    // Of other messages none shall be parsed twice.
    if (!context?.acknowledged || !text.includes('insertItem')) return false;
    // Answers to who doesn't read them are graphql-ws's to wait for, and count as its subscriptions.
    if (connection.outlet.isFull) return false;
    if (connection.subscriptions + connection.inserting >= maxSubscriptions) return false;
    const { id, payload } = subscribeMessage(text) ?? {};
    if (!id || !payload || id in context.subscriptions) return false;
    const short = insertions.find(payload, caller, { ...connection.asker, id });
    if (!short) return false;
    void this.#insert(short, id, connection, context, () => hand(text));
    return true;
  }

  async #insert(
    short: ShortInsertion,
    id: string,
    connection: Connection,
    context: WsContext,
    goOn: () => void,
  ): Promise<void> {
    // The id may be another operation's by the time of the answer.
    const taken = { [Symbol.asyncIterator]: nothing };
    context.subscriptions[id] = taken;
    connection.inserting++;
    const json = await short.answer();
    connection.inserting--;
    // Nobody waits for the answer of what was completed.
    if (context.subscriptions[id] !== taken) return;
    delete context.subscriptions[id];
    if (json !== undefined) return connection.sendResult(id, json);
    connection.outcome = short.outcome;
    // It looks at the outcome before it first waits.
    goOn();
    connection.outcome = undefined;
  }
}

function subscribeMessage(text: string): { readonly id: string; readonly payload: Parameters } | undefined {
  try {
    const message = parseJson(text) as { type?: unknown; id?: unknown; payload?: Parameters | null } | null;
    const { type, id, payload } = message ?? {};
    return type === 'subscribe' && typeof id === 'string' && payload ? { id, payload } : undefined;
  } catch {
    return undefined;
  }
}
