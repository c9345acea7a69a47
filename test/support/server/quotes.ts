/** A user's own server: Pothos, Yoga over HTTP and SSE, graphql-ws, and streams of typed items in its schema. */
import SchemaBuilder from '@pothos/core';
import type { GraphQLSchema } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import {
  addStream,
  type KeyedInput,
  memoryLog,
  StreamingMap,
  type StreamScope,
  useFanOut,
  withFanOut,
} from '../../../src/index.ts';
import { type Address, type Feed, overClient, type Result } from '../clients/clients.ts';

export interface Quote {
  readonly symbol: string;
  readonly price: number;
  /** The user who may see it; undefined: everybody. */
  readonly owner?: string | undefined;
}

export type Quotes = StreamingMap<Quote, KeyedInput<Quote>>;

export interface Caller {
  readonly user: string | null;
}

export const createQuotes = (window?: number): Promise<Quotes> =>
  StreamingMap.open<Quote>({
    log: memoryLog(),
    window,
    keyOf: ({ symbol }) => symbol,
    validate: z.object({ symbol: z.string(), price: z.number().positive(), owner: z.string().optional() }),
  });

export function createQuoteBuilder() {
  const builder = new SchemaBuilder<{ Context: Caller }>({});
  builder.queryType({ fields: (t) => ({ whoami: t.string({ resolve: (_root, _args, { user }) => user }) }) });
  builder.mutationType();
  builder.subscriptionType();
  const quote = builder.objectRef<Quote>('Quote').implement({
    fields: (t) => ({
      symbol: t.exposeString('symbol', { nullable: false }),
      price: t.exposeFloat('price'),
      // One field depends on the caller; the other has a resolver and does not.
      mine: t.boolean({ resolve: ({ owner }, _args, { user }) => owner === user }),
      cents: t.int({ resolve: ({ price }) => price * 100, extensions: { seamline: { shared: true } } }),
    }),
  });
  const input = builder.inputType('QuoteInput', {
    fields: (t) => ({ symbol: t.string({ required: true }), price: t.float({ required: true }), owner: t.string() }),
  });
  return { builder, quote, input };
}

type Options = Partial<Omit<Parameters<typeof addQuotes>[1], 'map'>>;

function addQuotes(
  { builder, quote, input }: ReturnType<typeof createQuoteBuilder>,
  options: {
    map: Quotes;
    mayRead?: (quote: Quote, caller: Caller) => boolean;
    mayWrite?: (input: { owner?: string | null | undefined }, caller: Caller) => boolean;
    mayRemove?: (quote: Quote, caller: Caller) => boolean;
    scope?: (caller: Caller) => StreamScope;
    queries?: boolean;
  },
): void {
  addStream(builder, {
    ...options,
    type: quote,
    input,
    toValue: ({ owner, ...rest }) => ({ ...rest, ...(owner != null && { owner }) }),
    batch: true,
    remove: true,
  });
}

export function quoteSchema(map: Quotes, options: Options = {}): GraphQLSchema {
  const parts = createQuoteBuilder();
  addQuotes(parts, { map, ...options });
  return parts.builder.toSchema();
}

/** The caller is named by a header or by `connectionParams`. */
export async function serve(
  schema: GraphQLSchema,
  { fanOut = true, deflate = false } = {},
): Promise<Address & { dispose(): Promise<void> }> {
  const yoga = createYoga({
    schema,
    logging: false,
    context: ({ request }): Caller => ({ user: request.headers.get('x-user') }),
    plugins: fanOut ? [useFanOut()] : [],
  });
  // Yoga handles every request by itself, so the promise is not awaited.
  const server = createServer((request, response) => void yoga(request, response));
  const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: deflate && { threshold: 0 } });
  const options = {
    schema,
    context: ({ connectionParams }: { connectionParams?: Readonly<Record<string, unknown>> | undefined }): Caller => ({
      user: typeof connectionParams?.['user'] === 'string' ? connectionParams['user'] : null,
    }),
  };
  useServer(fanOut ? withFanOut(options) : options, sockets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    webSocketUrl: `ws://127.0.0.1:${port}/graphql`,
    dispose: async () => yoga.dispose(),
  };
}

/** Ways for a user to subscribe. */
export const doors: readonly {
  readonly name: string;
  subscribe<Data>(server: Address, user: string, query: string): Feed<Data>;
}[] = [
  {
    name: 'WebSocket',
    subscribe(server, user, query) {
      const client = createClient({ url: server.webSocketUrl, webSocketImpl: WebSocket, connectionParams: { user } });
      onTestFinished(() => client.dispose());
      return overClient(client, { query });
    },
  },
  {
    name: 'SSE',
    subscribe(server, user, query) {
      const client = createSseClient({ url: server.url, headers: { 'x-user': user } });
      onTestFinished(() => client.dispose());
      return overClient(client as unknown as Client, { query });
    },
  },
];

/** Executes a query or mutation as a user. */
export async function askAs<Data>(server: Address, user: string, query: string): Promise<Result<Data>> {
  const headers = { 'content-type': 'application/json', 'x-user': user };
  const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return (await response.json()) as Result<Data>;
}
