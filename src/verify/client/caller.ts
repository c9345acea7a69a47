/** Sends a writer's calls over HTTP, or over a WebSocket that can be broken while a call is in flight. */
import type { TypedDocumentString } from '../../../schema/documents/graphql.ts';
import type { Result } from '../../http-client/http-client.ts';
import { ANSWER_TIMEOUT_MS, type NextNode, request } from './requests.ts';
import { Socket } from './websocket.ts';

export interface Caller {
  /** The name of the connection: all calls under one name reach one node. Null: each call may reach another node. */
  readonly connection: string | null;
  /** @throws NoAnswerError when no answer comes */
  call<Data, Variables extends object>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Result<Data>>;
  /** Breaks the connection, if there is one. */
  breakOff(): void;
}

export function httpCaller(nextNode: NextNode): Caller {
  return {
    connection: null,
    call: (document, variables) => request(nextNode(), document, variables),
    breakOff: () => {},
  };
}

export class WebSocketCaller implements Caller {
  readonly #nextNode: NextNode;
  readonly #name: string;
  #socket: Socket | undefined;
  #opening: Promise<Socket> | undefined;
  #sockets = 0;

  constructor(nextNode: NextNode, name: string) {
    this.#nextNode = nextNode;
    this.#name = name;
  }

  get connection(): string {
    return `${this.#name}-${this.#sockets}`;
  }

  async call<Data, Variables extends object>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Result<Data>> {
    const socket = this.#socket?.isOpen ? this.#socket : await (this.#opening ??= this.#open());
    const answer = socket.request<Data>({ query: String(document), variables });
    const timer = setTimeout(() => socket.breakOff(), ANSWER_TIMEOUT_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  breakOff(): void {
    this.#socket?.breakOff();
  }

  async #open(): Promise<Socket> {
    this.#sockets++;
    try {
      return (this.#socket = await Socket.open(this.#nextNode()));
    } finally {
      this.#opening = undefined;
    }
  }
}
