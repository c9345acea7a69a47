/** Stock clients over real sockets with one interface: the results of a subscription, in order. */
import { createClient, type Client } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { TypedDocumentString } from '../../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';

/** The addresses of a server. */
export type Address = Pick<SeamlineServer, 'url' | 'webSocketUrl'>;

export interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[];
  readonly extensions?: Record<string, unknown>;
}

export interface Payload {
  readonly query: string;
  readonly variables?: object;
  readonly extensions?: Record<string, unknown>;
}

/** One open subscription. */
export interface Feed<Data> extends AsyncIterable<Result<Data>> {
  /** The next result; undefined when the subscription has ended. A terminal error is a result with `errors`. */
  next(): Promise<Result<Data> | undefined>;
  take(count: number): Promise<Result<Data>[]>;
  /** Unsubscribes. */
  leave(): Promise<void>;
}

export interface Transport {
  readonly name: string;
  subscribe<Data, Variables extends object>(
    server: Address,
    document: TypedDocumentString<Data, Variables> | string,
    variables?: Variables,
    extensions?: Record<string, unknown>,
  ): Feed<Data>;
}

/** A plain query or mutation over HTTP. */
export async function request<Data, Variables extends object>(
  server: Address,
  document: TypedDocumentString<Data, Variables> | string,
  variables?: Variables,
  extensions?: Record<string, unknown>,
): Promise<Result<Data>> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: String(document), variables, extensions }),
  });
  return (await response.json()) as Result<Data>;
}

/** A `request` that must succeed. */
export async function ask<Data, Variables extends object>(
  server: Address,
  document: TypedDocumentString<Data, Variables> | string,
  variables?: Variables,
): Promise<Data> {
  const { data, errors } = await request(server, document, variables);
  if (!data) throw new Error(JSON.stringify(errors));
  return data;
}

export const overWebSocket: Transport = {
  name: 'WebSocket',
  subscribe: (server, document, variables, extensions) => {
    const client = webSocketClient(server);
    return overClient(client, {
      query: String(document),
      ...(variables && { variables }),
      ...(extensions && { extensions }),
    });
  },
};

export const overSse: Transport = {
  name: 'SSE',
  subscribe: (server, document, variables, extensions) => {
    const controller = new AbortController();
    onTestFinished(() => controller.abort());
    const events = readEvents(server, { query: String(document), variables, extensions }, controller.signal);
    return feedOf(resultsOf(untilLeft(events, controller.signal)), () => controller.abort());
  },
};

export const transports: readonly Transport[] = [overWebSocket, overSse];

export function webSocketClient(server: Address): Client {
  const client = createClient({ url: server.webSocketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  onTestFinished(() => client.dispose());
  return client;
}

/** A client that reconnects at once, without limit. */
export function reconnectingClient(url: string): Client {
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setImmediate(resolve)),
  });
  // `dispose` rejects during a reconnect.
  onTestFinished(() => Promise.resolve(client.dispose()).catch(() => {}));
  return client;
}

/** One subscription over a client that several subscriptions may share. */
export function overClient<Data>(client: Client, payload: Payload): Feed<Data> {
  const iterator = client.iterate<Data, Record<string, unknown>>(payload as never);
  const results = (async function* (): AsyncGenerator<Result<Data>> {
    try {
      for await (const result of iterator) yield result as Result<Data>;
    } catch (error) {
      if (!Array.isArray(error)) throw error;
      yield { errors: error };
    }
  })();
  return feedOf(results, async () => void (await iterator.return?.()));
}

export interface ServerSentEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data?: string;
  readonly retry?: string;
}

export interface EventRequest {
  readonly query: string;
  readonly variables?: object | undefined;
  readonly extensions?: object | undefined;
  readonly lastEventId?: string;
}

/** The events of one response with their fields, without comments. Ends with the response. */
export async function* readEvents(
  server: Address,
  { lastEventId, ...body }: EventRequest,
  signal?: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'text/event-stream' };
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const response = await fetch(server.url, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => !line.startsWith(':'));
      if (lines.length > 0) yield Object.fromEntries(lines.map((line) => fieldOf(line)));
    }
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

/** Turns an abort by the caller into an end instead of an error. */
async function* untilLeft<T>(source: AsyncIterable<T>, left: AbortSignal): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    if (!left.aborted) throw error;
  }
}

async function* resultsOf<Data>(events: AsyncIterable<ServerSentEvent>): AsyncGenerator<Result<Data>> {
  for await (const { event, data = '' } of events) {
    if (event === 'complete') return;
    if (event === 'next') yield JSON.parse(data) as Result<Data>;
  }
}

function feedOf<Data>(results: AsyncGenerator<Result<Data>>, leave: () => void | Promise<void>): Feed<Data> {
  const next = async (): Promise<Result<Data> | undefined> => {
    const { value, done } = await results.next();
    return done === true ? undefined : value;
  };
  return {
    next,
    async take(count) {
      const taken: Result<Data>[] = [];
      while (taken.length < count) {
        const result = await next();
        if (!result) throw new Error(`ended after ${taken.length} of ${count}`);
        taken.push(result);
      }
      return taken;
    },
    leave: async () => leave(),
    [Symbol.asyncIterator]: () => results,
  };
}
