/** How a writer calls: over HTTP, or over a WebSocket that it sometimes breaks while a call is in flight. */
import type { TypedDocumentString } from '../../../schema/documents/graphql.ts';
import { ask, LostError, type NextNode, PATIENCE_MS, type Result } from '../../http-client/http-client.ts';
import { Socket } from './websocket.ts';

export interface Caller {
  /** All calls under one name reach one node; null: any. */
  readonly connection: string | null;
  /** Throws `LostError` when there was no answer. */
  call<Data, Variables extends object>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Result<Data>>;
  /** Breaks the connection, if there is one. */
  breakOff(): void;
}

export function httpCaller(next: NextNode): Caller {
  return {
    connection: null,
    call: (document, variables) => ask(next(), document, variables),
    breakOff: () => {},
  };
}

export class WebSocketCaller implements Caller {
  readonly #next: NextNode;
  readonly #name: string;
  #socket: Socket | undefined;
  #opening: Promise<Socket> | undefined;
  #sockets = 0;

  constructor(next: NextNode, name: string) {
    this.#next = next;
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
    const answer = socket.ask<Data>({ query: String(document), variables });
    const timer = setTimeout(() => socket.breakOff(), PATIENCE_MS);
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
      return (this.#socket = await Socket.open(this.#next()));
    } finally {
      this.#opening = undefined;
    }
  }
}

/** Again and again until there is an answer, for so long. Throws the last `LostError`. */
export async function persist<T>(attempt: () => Promise<T>, patienceMs: number): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 1000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LostError) || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
