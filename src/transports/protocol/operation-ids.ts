/**
 * The ids of one connection's operations. A client may reuse an id as soon as it has completed the operation. graphql-ws is still ending
 * that operation then, and would end it under the new one's id: the client would get a false `complete`, and graphql-ws would lose the
 * new operation. So graphql-ws gets a name for each operation that is used once: a number, a space, and the client's id.
 */
import { parseJson } from '../../core/model/json.ts';

export class OperationIds {
  /** The number of each open operation, by the client's id. */
  readonly #open = new Map<string, number>();
  #last = 0;

  /** Of open operations. */
  get size(): number {
    return this.#open.size;
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** Returns the operation's name. The id must be free. */
  open(id: string): string {
    this.#open.set(id, ++this.#last);
    return nameOf(this.#last, id);
  }

  /** Frees the id, so that later messages of its operation are dropped. Returns the operation's name; undefined if the id was free. */
  close(id: string): string | undefined {
    const number = this.#open.get(id);
    this.#open.delete(id);
    return number === undefined ? undefined : nameOf(number, id);
  }

  isOpen(name: string): boolean {
    return this.#open.get(idOf(name)) === Number.parseInt(name);
  }

  /** A message of graphql-ws as the client gets it; undefined for a message that it must not get. */
  toClient(message: string): string | undefined {
    if (!message.startsWith(HEAD)) return message;
    // A string in JSON has no quote without a backslash before it, so the name ends here.
    const end = message.indexOf(TYPE);
    const name = JSON.parse(message.slice(HEAD.length - 1, end + 1)) as string;
    if (!this.isOpen(name)) return undefined;
    // The client may reuse the id as soon as it has read this.
    if (!message.startsWith('next', end + TYPE.length)) this.#open.delete(idOf(name));
    return HEAD + message.slice(message.indexOf(' ') + 1);
  }
}

/** The text before and after the name in a message of graphql-ws. */
const [HEAD, TYPE] = ['{"id":"', '","type":"'];

const nameOf = (number: number, id: string): string => `${number} ${id}`;

/** The client's id of the operation with that name. */
export const idOf = (name: string): string => name.slice(name.indexOf(' ') + 1);

/** A client's message about one operation. */
export interface OperationMessage {
  readonly type: 'subscribe' | 'complete';
  readonly id: string;
  readonly payload?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Undefined for other messages, and for text that is not JSON. Throws a `RangeError` for JSON that is nested too deep. */
export function operationMessage(text: string): OperationMessage | undefined {
  try {
    const message = parseJson(text) as Partial<OperationMessage> | null;
    const { type, id } = message ?? {};
    if (type !== 'subscribe' && type !== 'complete') return undefined;
    return typeof id === 'string' && id !== '' ? (message as OperationMessage) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
