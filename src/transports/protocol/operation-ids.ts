/**
 * The ids of one connection's operations. A client may reuse an id as soon as it has completed the operation. graphql-ws is still ending
 * that operation then, and would end it under the new one's id: the client would get a false `complete`, and graphql-ws would lose the
 * new operation. So graphql-ws gets a name for each operation that is used once: a number, a space, and the client's id.
 */
import { parseJson } from '../../core/model/json.ts';

/** An operation that graphql-ws has handed over: it has ended for graphql-ws, and is open for the client. */
export interface HandedOver {
  readonly name: string;
  /** The client has completed it. */
  leave(): void;
}

export class OperationIds {
  /** The first of the open operations. Nearly every connection has one at most, and a Map takes 200 bytes. */
  #id: string | undefined;
  #first: string | HandedOver | undefined;
  /** The name of each further open operation, by the client's id. */
  #further: Map<string, string | HandedOver> | undefined;
  #last = 0;

  /** Of open operations. */
  get size(): number {
    return (this.#id === undefined ? 0 : 1) + (this.#further?.size ?? 0);
  }

  has(id: string): boolean {
    return this.#of(id) !== undefined;
  }

  /** Returns the operation's name. The id must be free. */
  open(id: string): string {
    const name = `${++this.#last} ${id}`;
    this.#set(id, name);
    return name;
  }

  /** Frees the id, so that later messages of its operation are dropped. Returns the operation; undefined if the id was free. */
  close(id: string): string | HandedOver | undefined {
    const operation = this.#of(id);
    if (this.#id === id) this.#id = this.#first = undefined;
    else this.#further?.delete(id);
    if (this.#further?.size === 0) this.#further = undefined;
    return operation;
  }

  isOpen(name: string): boolean {
    const operation = this.#of(idOf(name));
    return operation !== undefined && nameOf(operation) === name;
  }

  /** From here on graphql-ws sends nothing of this operation, which must be open. */
  handOver(operation: HandedOver): void {
    this.#set(idOf(operation.name), operation);
  }

  /** A message of graphql-ws as the client gets it; undefined for a message that it must not get. */
  toClient(message: string): string | undefined {
    if (!message.startsWith(HEAD)) return message;
    // A string in JSON has no quote without a backslash before it, so the name ends here.
    const end = message.indexOf(TYPE);
    const name = JSON.parse(message.slice(HEAD.length - 1, end + 1)) as string;
    const id = idOf(name);
    if (this.#of(id) !== name) return undefined;
    // The client may reuse the id as soon as it has read this.
    if (!message.startsWith('next', end + TYPE.length)) this.close(id);
    return HEAD + message.slice(message.indexOf(' ') + 1);
  }

  #of(id: string): string | HandedOver | undefined {
    return this.#id === id ? this.#first : this.#further?.get(id);
  }

  #set(id: string, operation: string | HandedOver): void {
    const isFirst = this.#id === id || (this.#id === undefined && this.#further?.has(id) !== true);
    if (isFirst) {
      this.#id = id;
      this.#first = operation;
    } else {
      this.#further ??= new Map();
      this.#further.set(id, operation);
    }
  }
}

/** The text before and after the name in a message of graphql-ws. */
const [HEAD, TYPE] = ['{"id":"', '","type":"'];

const nameOf = (operation: string | HandedOver): string => (typeof operation === 'string' ? operation : operation.name);

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
