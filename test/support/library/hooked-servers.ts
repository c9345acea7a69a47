/** Users' servers whose hooks and plugins see, replace or count results: graphql-ws and Yoga, with the fan-out. */
import type { ExecutionResult } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { createYoga, type Plugin, type YogaServerOptions } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FanOut } from '../../../src/fanout/fan-out.ts';
import { withFanOut } from '../../../src/index.ts';
import type { Address } from '../clients/clients.ts';
import { createQuotes, type Quotes, quoteSchema } from '../server/quotes.ts';

export type WebSocketOptions = ServerOptions<Record<string, unknown>, Extra>;
export type Results = AsyncGenerator<ExecutionResult, void, void>;

export const SECRET = 'hunter2';
export const QUERY = 'subscription { quotes(limit: 1) { symbol } }';
export const REDACTED = { data: { quotes: { symbol: '***' } } };

export const redacted = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(SECRET, '***')) as T;

async function* redacting(results: AsyncIterable<ExecutionResult>): Results {
  for await (const result of results) yield redacted(result);
}

export const mapped = (result: unknown): never =>
  (Symbol.asyncIterator in (result as object) ? redacting(result as Results) : result) as never;

export async function secretQuotes(): Promise<Quotes> {
  const map = await createQuotes();
  await map.insert({ value: { symbol: SECRET, price: 1 } });
  return map;
}

async function listen(server: ReturnType<typeof createServer>, sockets?: WebSocketServer): Promise<Address> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets?.clients ?? []) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/graphql`, webSocketUrl: `ws://127.0.0.1:${port}/graphql` };
}

export async function serveSockets(options: WebSocketOptions, Socket = WebSocket): Promise<Address> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, WebSocket: Socket });
  useServer(withFanOut(options), sockets);
  return listen(server, sockets);
}

export const spyOnFanOut = () => vi.spyOn(FanOut.prototype, 'subscribe');

export type YogaOptions = Omit<YogaServerOptions<object, object>, 'schema' | 'plugins'>;

export async function serveYoga(map: Quotes, plugins: readonly Plugin[], options: YogaOptions = {}): Promise<Address> {
  const yoga = createYoga({
    schema: quoteSchema(map),
    logging: false,
    context: {},
    ...options,
    plugins: [...plugins],
  });
  const server = createServer((request, response) => void yoga(request, response));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  type Enveloped = ReturnType<typeof yoga.getEnveloped>;
  const rootOf = ({ rootValue }: { rootValue?: unknown }): Enveloped => rootValue as Enveloped;
  // From Yoga's documentation.
  const recipe: WebSocketOptions = {
    execute: (args) => rootOf(args).execute(args) as never,
    subscribe: (args) => rootOf(args).subscribe(args) as never,
    async onSubscribe({ extra }, _id, payload) {
      const enveloped = yoga.getEnveloped({ req: extra.request, socket: extra.socket, params: payload });
      const { schema, contextFactory, parse } = enveloped;
      return {
        schema,
        document: parse(payload.query),
        variableValues: payload.variables,
        contextValue: await contextFactory(),
        rootValue: enveloped,
      };
    },
  };
  useServer(withFanOut(recipe), sockets);
  return listen(server, sockets);
}

export const onSubscribe = (hook: NonNullable<Plugin['onSubscribe']>): Plugin => ({ onSubscribe: hook });
