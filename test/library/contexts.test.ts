/** Whatever a server over WebSocket does with contexts, each operation has its own. */
import type { ExecutionArgs } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { FanOut } from '../../src/fanout/fan-out.ts';
import { useFanOut, withFanOut } from '../../src/index.ts';
import { type Address, overClient, webSocketClient } from '../support/clients.ts';
import { createQuotes, quoteSchema } from '../support/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

async function serve(options: ServerOptions<Record<string, unknown>, Extra>): Promise<Address> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  useServer(withFanOut(options), sockets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, webSocketUrl: `ws://127.0.0.1:${port}` };
}

it('serves all operations from one context that they share, each with its own limit and place', async () => {
  const served = vi.spyOn(FanOut.prototype, 'subscribe');
  const map = await createQuotes();
  const context = Object.freeze({ user: 'ada' });
  const server = await serve({ schema: quoteSchema(map), context });
  const { cursor } = await map.insert({ value: { symbol: 'a', price: 1 } });
  await map.insert({ value: { symbol: 'b', price: 1 } });
  const client = webSocketClient(server);
  const query = 'subscription { quotes(limit: 2) { symbol } }';
  const whole = overClient(client, { query });
  const resumed = overClient(client, { query, extensions: { after: cursor, limit: 1, cursors: true } });
  const [all, rest] = await Promise.all([whole.take(2), resumed.take(1)]);
  expect(all).toEqual([{ data: { quotes: { symbol: 'a' } } }, { data: { quotes: { symbol: 'b' } } }]);
  expect(rest).toEqual([{ data: { quotes: { symbol: 'b' } }, extensions: { cursor: map.get('b')?.cursor } }]);
  expect([await whole.next(), await resumed.next()]).toEqual([undefined, undefined]);
  expect(served).toHaveBeenCalledTimes(2);
});

it('leaves alone a context that is an instance of a class', async () => {
  const served = vi.spyOn(FanOut.prototype, 'subscribe');
  class Session {
    readonly #user = 'ada';
    get user(): string {
      return this.#user;
    }
  }
  const map = await createQuotes();
  const server = await serve({ schema: quoteSchema(map), context: new Session() });
  await map.insert({ value: { symbol: 'a', price: 1, owner: 'ada' } });
  const feed = overClient(webSocketClient(server), { query: 'subscription { quotes(limit: 1) { mine } }' });
  expect(await feed.next()).toEqual({ data: { quotes: { mine: true } } });
  expect(served).not.toHaveBeenCalled();
});

it('serves operations that go through Yoga’s envelope, as its documentation has it', async () => {
  const served = vi.spyOn(FanOut.prototype, 'subscribe');
  const map = await createQuotes();
  const yoga = createYoga({
    schema: quoteSchema(map),
    logging: false,
    context: () => ({ user: 'ada' }),
    plugins: [useFanOut()],
  });
  type Enveloped = ReturnType<typeof yoga.getEnveloped>;
  const rootOf = (args: ExecutionArgs): Enveloped => args.rootValue as Enveloped;
  const server = await serve({
    execute: (args) => rootOf(args).execute(args) as never,
    subscribe: (args) => rootOf(args).subscribe(args) as never,
    async onSubscribe({ extra }, _id, payload) {
      const enveloped = yoga.getEnveloped({ req: extra.request, socket: extra.socket, params: payload });
      const { schema, contextFactory, parse, validate } = enveloped;
      const document = parse(payload.query);
      const errors = validate(schema, document) as readonly never[];
      if (errors.length > 0) return errors;
      const { operationName, variables: variableValues } = payload;
      return {
        schema,
        operationName,
        document,
        variableValues,
        contextValue: await contextFactory(),
        rootValue: enveloped,
      };
    },
  });
  await map.insert({ value: { symbol: 'a', price: 1, owner: 'ada' } });
  const client = webSocketClient(server);
  const shared = overClient(client, { query: 'subscription { quotes(limit: 1) { symbol } }' });
  expect(await shared.next()).toEqual({ data: { quotes: { symbol: 'a' } } });
  expect(served).toHaveBeenCalledOnce();
  const own = overClient(client, { query: 'subscription { quotes(limit: 1) { symbol mine } }' });
  expect(await own.next()).toEqual({ data: { quotes: { symbol: 'a', mine: true } } });
  expect(served).toHaveBeenCalledOnce();
});

it('lets `onNext` see every result', async () => {
  const map = await createQuotes();
  const onNext = vi.fn<() => void>();
  const server = await serve({ schema: quoteSchema(map), onNext });
  await map.insert({ value: { symbol: 'a', price: 1 } });
  const feed = overClient(webSocketClient(server), { query: 'subscription { quotes(limit: 1) { symbol } }' });
  expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'a' } } });
  expect(onNext).toHaveBeenCalledOnce();
});
