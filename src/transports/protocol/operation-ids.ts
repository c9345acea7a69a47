/**
 * The ids of one connection's operations. A client may use an id again as soon as it has completed its operation. graphql-ws is still
 * ending that operation then, and would end it in the name of the new one: it would say `complete` to the client, and lose sight of the
 * new one. So graphql-ws knows each operation by a name that is used once: a number, a space, and the client's id.
 */
import { parseJson } from '../../core/model/json.ts';

export class OperationIds {
  /** The number of each that is open for the client, by its id. */
  readonly #open = new Map<string, number>();
  #last = 0;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** Returns its name. The id must be free. */
  open(id: string): string {
    this.#open.set(id, ++this.#last);
    return nameOf(this.#last, id);
  }

  /** Frees the id: later messages of its operation are dropped. Returns the operation's name; undefined if the id was free. */
  close(id: string): string | undefined {
    const number = this.#open.get(id);
    this.#open.delete(id);
    return number === undefined ? undefined : nameOf(number, id);
  }

  isOpen(name: string): boolean {
    return this.#open.get(idOf(name)) === Number.parseInt(name);
  }

  /** What graphql-ws says, as the client gets it; undefined for what it must not get. */
  toClient(message: string): string | undefined {
    if (!message.startsWith(HEAD)) return message;
    // A string in JSON holds no quote that has no backslash before it, so this is the end of the name.
    const end = message.indexOf(TYPE);
    const name = JSON.parse(message.slice(HEAD.length - 1, end + 1)) as string;
    if (!this.isOpen(name)) return undefined;
    // The id may be used again as soon as the client has read this.
    if (!message.startsWith('next', end + TYPE.length)) this.#open.delete(idOf(name));
    return HEAD + message.slice(message.indexOf(' ') + 1);
  }
}

/** As graphql-ws begins what it says of an operation, and what follows its name. */
const [HEAD, TYPE] = ['{"id":"', '","type":"'];

const nameOf = (number: number, id: string): string => `${number} ${id}`;

/** The client's id of what graphql-ws knows by that name. */
export const idOf = (name: string): string => name.slice(name.indexOf(' ') + 1);

/** A message of a client about one operation. */
export interface OperationMessage {
  readonly type: 'subscribe' | 'complete';
  readonly id: string;
  readonly payload?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Undefined for all others, and for what is not JSON. Throws a `RangeError` for JSON that is nested too deep to be read. */
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
