/** Each operation over WebSocket has its own state, however the server creates contexts. */
import { execute, type ExecutionArgs, type ExecutionResult, type GraphQLObjectType, parse, subscribe } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { FanOut } from '../../src/fanout/fan-out.ts';
import { useFanOut, withFanOut } from '../../src/index.ts';
import { type Address, overClient, webSocketClient } from '../support/clients/clients.ts';
import { createQuoteBuilder, createQuotes, type Quote, quoteSchema } from '../support/server/quotes.ts';

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

it('operations that share one context have limits and cursors of their own', async () => {
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

class Session {
  readonly #user = 'ada';
  get user(): string {
    return this.#user;
  }
}

const contexts: readonly [string, () => unknown][] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a string', () => 'ada'],
  ['frozen', () => Object.freeze({ user: 'ada' })],
  ['an instance of a class', () => new Session()],
  ['made for each operation, after a while', () => async () => Promise.resolve({ user: 'ada' })],
  [
    'with a getter that throws',
    () =>
      Object.defineProperty({ user: 'ada' }, 'session', {
        enumerable: true,
        get: () => {
          throw new Error('not logged in');
        },
      }),
  ],
];

describe.each(contexts)('where the context is %s', (_name, contextOf) => {
  it('operations that share a context are fanned out and resume', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const server = await serve({ schema: quoteSchema(map), context: contextOf() as never });
    const { cursor } = await map.insert({ value: { symbol: 'a', price: 1 } });
    await map.insert({ value: { symbol: 'b', price: 1 } });
    const client = webSocketClient(server);
    const query = 'subscription { quotes { symbol } }';
    const [whole, rest] = [{}, { after: cursor }].map((extensions) => overClient(client, { query, extensions }));
    expect(await rest?.next()).toEqual({ data: { quotes: { symbol: 'b' } } });
    expect(await whole?.take(2)).toEqual(['a', 'b'].map((symbol) => ({ data: { quotes: { symbol } } })));
    expect(served).toHaveBeenCalledTimes(2);
  });
});

it('each resolver of each operation gets the context object itself', async () => {
  const map = await createQuotes();
  const seen: unknown[] = [];
  const schema = quoteSchema(map);
  const fieldOf = (type: string, name: string) => (schema.getType(type) as GraphQLObjectType).getFields()[name]!;
  const read: unknown[] = [];
  const context = Object.defineProperty({ user: 'ada', count: 0 }, 'getter', {
    enumerable: true,
    get: () => read.push('getter'),
  });
  for (const [type, name] of [
    ['Query', 'whoami'],
    ['Quote', 'mine'],
  ] as const)
    fieldOf(type, name).resolve = (_root, _args, given: typeof context) => {
      seen.push(given);
      given.count++;
      return name === 'mine' ? true : String(given.count);
    };
  const server = await serve({ schema, context });
  await map.insert({ value: { symbol: 'a', price: 1 } });
  const client = webSocketClient(server);
  const query = 'subscription { quotes(limit: 1) { mine } }';
  for (const extensions of [{}, { cursors: true }])
    expect(await overClient(client, { query, extensions }).next()).toMatchObject({ data: { quotes: { mine: true } } });
  expect(await overClient(client, { query: '{ whoami }' }).next()).toEqual({ data: { whoami: '3' } });
  expect(seen.every((given) => given === context)).toBe(true);
  expect(context.count).toBe(3);
  expect(read).toEqual([]);
});

it('two operations with one context get their own cursors from generators', async () => {
  const map = await createQuotes();
  const context = { user: 'ada' };
  const server = await serve({ schema: quoteSchema(map), context });
  const client = webSocketClient(server);
  const query = 'subscription ($limit: Int) { quotes(limit: $limit) { symbol mine } }';
  const extensions = { cursors: true, left: true };
  const feeds = [5, 3].map((limit) => overClient(client, { query, variables: { limit }, extensions }));
  await vi.waitFor(() => expect(map.subscriptions).toBe(2), { timeout: 20_000, interval: 5 });
  for (const symbol of ['a', 'b']) {
    const { cursor } = await map.insert({ value: { symbol, price: 1 } });
    const results = await Promise.all(feeds.map((feed) => feed.next()));
    const gone = symbol === 'a' ? 1 : 2;
    expect(results.map((result) => result?.extensions)).toEqual([
      { cursor, left: 5 - gone },
      { cursor, left: 3 - gone },
    ]);
  }
});

it('a stream resumes although an asynchronous function runs before it', async () => {
  const map = await createQuotes();
  const schema = quoteSchema(map);
  const field = schema.getSubscriptionType()!.getFields()['quotes']!;
  const { subscribe } = field;
  // Permission layers wrap resolvers like this.
  field.subscribe = async (...given) => {
    await new Promise((resolve) => setImmediate(resolve));
    return subscribe!(...given);
  };
  const server = await serve({ schema, context: { user: 'ada' } });
  const { cursor } = await map.insert({ value: { symbol: 'a', price: 1 } });
  const last = await map.insert({ value: { symbol: 'b', price: 1 } });
  const extensions = { after: cursor, cursors: true };
  const feed = overClient(webSocketClient(server), { query: 'subscription { quotes { symbol } }', extensions });
  expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'b' } }, extensions: { cursor: last.cursor } });
});

it('a user’s subscription that opens a stream keeps its own resolver', async () => {
  const served = vi.spyOn(FanOut.prototype, 'subscribe');
  const map = await createQuotes();
  const inner = quoteSchema(map);
  const document = parse('subscription { quotes { symbol } }');
  async function* shouted(results: AsyncIterable<ExecutionResult<{ quotes: Quote }>>) {
    for await (const { data } of results) yield { symbol: data!.quotes.symbol.toUpperCase(), price: 1 };
  }
  const { builder, quote } = createQuoteBuilder();
  builder.mutationField('nothing', (t) => t.boolean({ resolve: () => true }));
  builder.subscriptionField('shouts', (t) =>
    t.field({
      type: quote,
      extensions: { seamline: { shared: true } },
      subscribe: async (_root, _args, contextValue) =>
        shouted((await subscribe({ schema: inner, document, contextValue })) as AsyncIterable<never>),
      resolve: (delivered) => delivered,
    }),
  );
  const server = await serve({ schema: builder.toSchema() });
  await map.insert({ value: { symbol: 'a', price: 1 } });
  const feed = overClient(webSocketClient(server), { query: 'subscription { shouts { symbol } }' });
  expect(await feed.next()).toEqual({ data: { shouts: { symbol: 'A' } } });
  expect(served).not.toHaveBeenCalled();
});

it('withFanOut passes on the arguments that `onSubscribe` returns', async () => {
  const map = await createQuotes();
  const given = new Set<unknown>();
  const got: unknown[] = [];
  const schema = quoteSchema(map);
  const server = await serve({
    onSubscribe: (_socket, _id, { query }) => {
      const args = { schema, document: parse(query), contextValue: {} };
      given.add(args);
      return args;
    },
    subscribe: (args) => {
      got.push(args);
      return subscribe(args) as never;
    },
    execute: (args) => {
      got.push(args);
      return execute(args) as never;
    },
    onOperation: (_socket, _id, _payload, args) => void got.push(args),
    onNext: (_socket, _id, _payload, args) => void got.push(args),
  });
  await map.insert({ value: { symbol: 'a', price: 1 } });
  const client = webSocketClient(server);
  for (const query of ['subscription { quotes(limit: 1) { symbol } }', '{ __typename }'])
    expect(await overClient(client, { query }).next()).toHaveProperty('data');
  expect(got).toHaveLength(6);
  expect(new Set(got)).toEqual(given);
  expect(got.every((args) => given.has(args))).toBe(true);
});

it('withFanOut distinguishes operations although `onSubscribe` returns the same arguments for all', async () => {
  const served = vi.spyOn(FanOut.prototype, 'subscribe');
  const map = await createQuotes();
  const args = {
    schema: quoteSchema(map),
    document: parse('subscription { quotes(limit: 1) { symbol } }'),
    contextValue: {},
  };
  const server = await serve({ onSubscribe: () => args });
  const { cursor } = await map.insert({ value: { symbol: 'a', price: 1 } });
  await map.insert({ value: { symbol: 'b', price: 1 } });
  const client = webSocketClient(server);
  const feeds = [{}, { after: cursor }, {}].map((extensions) =>
    overClient(client, { query: '{ known }', extensions }).next(),
  );
  expect((await Promise.all(feeds)).map((result) => result?.data)).toEqual(
    ['a', 'b', 'a'].map((symbol) => ({ quotes: { symbol } })),
  );
  expect(served).toHaveBeenCalledTimes(3);
});

it('withFanOut serves operations through Yoga’s envelope, as in Yoga’s documentation', async () => {
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

it('`onNext` sees every result', async () => {
  const map = await createQuotes();
  const onNext = vi.fn<() => void>();
  const server = await serve({ schema: quoteSchema(map), onNext });
  await map.insert({ value: { symbol: 'a', price: 1 } });
  const feed = overClient(webSocketClient(server), { query: 'subscription { quotes(limit: 1) { symbol } }' });
  expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'a' } } });
  expect(onNext).toHaveBeenCalledOnce();
});
