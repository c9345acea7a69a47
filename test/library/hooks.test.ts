/** In somebody's own server whoever sees, replaces or counts results does so with the fan-out as without it. */
import {
  type ExecutionResult,
  GraphQLError,
  type GraphQLObjectType,
  parse,
  subscribe as subscribeByGraphQL,
} from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { createYoga, type Plugin, type YogaServerOptions } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FanOut } from '../../src/fanout/fan-out.ts';
import { useFanOut, withFanOut } from '../../src/index.ts';
import { type Address, overClient, transports, webSocketClient } from '../support/clients/clients.ts';
import { createQuotes, type Quotes, quoteSchema } from '../support/server/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

type Options = ServerOptions<Record<string, unknown>, Extra>;
type Results = AsyncGenerator<ExecutionResult, void, void>;
type PluginOf<Hook extends keyof Plugin> = NonNullable<Plugin[Hook]>;

const SECRET = 'hunter2';
const QUERY = 'subscription { quotes(limit: 1) { symbol } }';
const REDACTED = { data: { quotes: { symbol: '***' } } };

const redacted = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(SECRET, '***')) as T;

async function* redacting(results: AsyncIterable<ExecutionResult>): Results {
  for await (const result of results) yield redacted(result);
}

const mapped = (result: unknown): never =>
  (Symbol.asyncIterator in (result as object) ? redacting(result as Results) : result) as never;

async function secretQuotes(): Promise<Quotes> {
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

async function serveSockets(options: Options, Socket = WebSocket): Promise<Address> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, WebSocket: Socket });
  useServer(withFanOut(options), sockets);
  return listen(server, sockets);
}

const spied = () => vi.spyOn(FanOut.prototype, 'subscribe');

describe('over graphql-ws', () => {
  const hooks: readonly [string, Partial<Options>][] = [
    ['onOperation', { onOperation: (_socket, _id, _payload, _args, result) => mapped(result) }],
    ['onNext', { onNext: (_socket, _id, _payload, _args, result) => redacted(result) as never }],
    ['subscribe', { subscribe: async (args) => mapped(await subscribeByGraphQL(args)) }],
    [
      'jsonMessageReplacer',
      { jsonMessageReplacer: (_key, value: unknown) => (value === SECRET ? '***' : (value as never)) },
    ],
  ];

  it.each(hooks)('delivers what `%s` makes of results', async (_name, options) => {
    const served = spied();
    const server = await serveSockets({ schema: quoteSchema(await secretQuotes()), ...options });
    expect(await overClient(webSocketClient(server), { query: QUERY }).next()).toEqual(REDACTED);
    expect(served).not.toHaveBeenCalled();
  });

  it('lets `onOperation` keep the results that graphql-ws iterates', async () => {
    const map = await createQuotes();
    const kept: Results[] = [];
    const server = await serveSockets({
      schema: quoteSchema(map),
      onOperation: (_socket, _id, _payload, _args, result) => void kept.push(result as Results),
    });
    const feed = overClient(webSocketClient(server), { query: 'subscription { quotes { symbol } }' });
    const waiting = feed.next();
    await vi.waitFor(() => expect(map.subscriptions).toBe(1), { timeout: 20_000, interval: 5 });
    await kept[0]?.return();
    expect(await waiting).toBeUndefined();
    expect(map.subscriptions).toBe(0);
  });

  it.each(['of a class', 'of one socket'])('lets a `send` %s see every message', async (what) => {
    const served = spied();
    const sent: string[] = [];
    class Counting extends WebSocket {
      override send(...given: unknown[]): void {
        sent.push(String(given[0]));
        super.send(...(given as Parameters<WebSocket['send']>));
      }
    }
    const options: Partial<Options> = {
      onConnect({ extra: { socket } }) {
        const send = socket.send.bind(socket) as (...given: unknown[]) => void;
        socket.send = (...given: unknown[]) => {
          sent.push(String(given[0]));
          send(...given);
        };
      },
    };
    const schema = quoteSchema(await secretQuotes());
    const server =
      what === 'of a class' ? await serveSockets({ schema }, Counting) : await serveSockets({ schema, ...options });
    expect(await overClient(webSocketClient(server), { query: QUERY }).next()).toMatchObject({ data: {} });
    expect(sent.filter((message) => message.includes(SECRET))).toHaveLength(1);
    expect(served).not.toHaveBeenCalled();
  });

  it('resolves fields as `onSubscribe` says', async () => {
    const served = spied();
    const schema = quoteSchema(await secretQuotes());
    // A field that nobody resolves is shared.
    const field = (schema.getType('Quote') as GraphQLObjectType).getFields()['symbol'];
    Object.assign(field!, { resolve: undefined });
    const server = await serveSockets({
      onSubscribe: (_socket, _id, { query }) => ({
        schema,
        document: parse(query),
        fieldResolver: (source: Record<string, unknown>, _args, _context, { fieldName }) =>
          redacted(source[fieldName] ?? null),
      }),
    });
    expect(await overClient(webSocketClient(server), { query: QUERY }).next()).toEqual(REDACTED);
    expect(served).not.toHaveBeenCalled();
  });

  it('serves from positions where `subscribe` is graphql-js’s, and other hooks look at what surrounds results', async () => {
    const served = spied();
    const seen: string[] = [];
    const see = (name: string) => (): undefined => void seen.push(name);
    const server = await serveSockets({
      schema: quoteSchema(await secretQuotes()),
      subscribe: subscribeByGraphQL as never,
      onConnect: see('connect'),
      onSubscribe: see('subscribe'),
      onComplete: see('complete'),
      onDisconnect: see('disconnect'),
      onClose: see('close'),
    });
    const client = webSocketClient(server);
    const feed = overClient(client, { query: QUERY });
    expect(await feed.next()).toEqual({ data: { quotes: { symbol: SECRET } } });
    expect(await feed.next()).toBeUndefined();
    await client.dispose();
    await vi.waitFor(() => expect(seen).toContain('close'), { timeout: 20_000, interval: 5 });
    expect(seen).toEqual(['connect', 'subscribe', 'complete', 'disconnect', 'close']);
    expect(served).toHaveBeenCalledOnce();
  });

  it('lets `onError` replace what ends a subscription', async () => {
    const map = await createQuotes();
    const served = spied();
    const server = await serveSockets({
      schema: quoteSchema(map),
      onError: (_socket, _id, _payload, errors) => errors.map(({ message }) => ({ message: `${message}!` })),
    });
    const query = 'subscription { quotes(after: "aaaaaaaaaaaa-11-0000000") { symbol } }';
    const result = await overClient(webSocketClient(server), { query }).next();
    expect(served).toHaveBeenCalledOnce();
    expect(result?.errors?.[0]?.message).toMatch(/!$/);
    expect(result?.errors?.[0]?.extensions).toBeUndefined();
  });

  it.each([QUERY.replace('(limit: 1)', ''), 'subscription { quotes { symbol mine } }'])(
    'ends a subscription whose `return` is called without its iterator: %s',
    async (query) => {
      const map = await createQuotes();
      const open: Record<string, unknown>[] = [];
      const server = await serveSockets({
        schema: quoteSchema(map),
        context: {},
        onSubscribe: ({ subscriptions }) => void open.push(subscriptions as never),
      });
      const feed = overClient(webSocketClient(server), { query, extensions: { cursors: true } });
      const waiting = feed.next();
      await vi.waitFor(() => expect(map.subscriptions).toBe(1), { timeout: 20_000, interval: 5 });
      const [results] = Object.values(open[0] ?? {}) as Results[];
      const { return: leave } = results!;
      expect(await leave(undefined)).toMatchObject({ done: true });
      expect(await waiting).toBeUndefined();
      expect(map.subscriptions).toBe(0);
    },
  );
});

type YogaOptions = Omit<YogaServerOptions<object, object>, 'schema' | 'plugins'>;

async function serveYoga(map: Quotes, plugins: readonly Plugin[], options: YogaOptions = {}): Promise<Address> {
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
  // As Yoga's documentation has it.
  const recipe: Options = {
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

describe('of Yoga', () => {
  const onSubscribe = (hook: PluginOf<'onSubscribe'>): Plugin => ({ onSubscribe: hook });
  const everywhere: readonly [string, Plugin][] = [
    [
      'onNext',
      onSubscribe(() => ({
        onSubscribeResult: () => ({ onNext: ({ result, setResult }) => setResult(redacted(result)) }),
      })),
    ],
    [
      'onSubscribeResult',
      onSubscribe(() => ({ onSubscribeResult: ({ result, setResult }) => setResult(mapped(result)) })),
    ],
    [
      'setSubscribeFn',
      onSubscribe(({ subscribeFn, setSubscribeFn }) =>
        setSubscribeFn((async (args: never) => mapped(await (subscribeFn as (args: never) => unknown)(args))) as never),
      ),
    ],
  ];
  const http: readonly [string, Plugin][] = [
    ['onExecutionResult', { onExecutionResult: ({ result, setResult }) => setResult(mapped(result)) }],
    ['onResultProcess', { onResultProcess: ({ result, setResult }) => setResult(mapped(result)) }],
    [
      'onParams',
      {
        onParams: ({ paramsHandler, setParamsHandler }) =>
          setParamsHandler(async (payload) => mapped(await paramsHandler(payload))),
      },
    ],
    [
      'a patched iterator',
      {
        onExecutionResult({ result }) {
          const results = result as Results;
          const next = results.next.bind(results);
          results.next = async () => redacted(await next());
        },
      },
    ],
    [
      'onResponse',
      {
        onResponse({ response, setResponse }) {
          const texts = new TransformStream<string, string>({
            transform: (text, controller) => controller.enqueue(text.replaceAll(SECRET, '***')),
          });
          const body = response.body
            ?.pipeThrough(new TextDecoderStream())
            .pipeThrough(texts)
            .pipeThrough(new TextEncoderStream());
          setResponse(new Response(body as never, response));
        },
      },
    ],
    [
      'setRequestHandler',
      {
        onRequest: ({ requestHandler, setRequestHandler }) =>
          setRequestHandler(async (request, context) => {
            const response = await requestHandler(request, context);
            const reader = response.body!.getReader();
            const body = new ReadableStream<Uint8Array>({
              async pull(controller) {
                const { value, done } = await reader.read();
                if (done) return controller.close();
                controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(value).replaceAll(SECRET, '***')));
              },
            });
            return new Response(body, { headers: response.headers });
          }),
      },
    ],
  ];
  const orders: readonly [string, (other: Plugin) => Plugin[]][] = [
    ['before', (other) => [other, useFanOut()]],
    ['after', (other) => [useFanOut(), other]],
  ];
  const [webSocket, sse] = transports;

  describe.each(orders)('a plugin %s', (_order, plugins) => {
    it.each([...everywhere, ...http])('replaces results over SSE by `%s`', async (_name, plugin) => {
      const served = spied();
      const server = await serveYoga(await secretQuotes(), plugins(plugin));
      expect(await sse!.subscribe(server, QUERY).take(1)).toEqual([REDACTED]);
      expect(served).not.toHaveBeenCalled();
    });

    it.each(everywhere)('replaces results over WebSocket by `%s`', async (_name, plugin) => {
      const served = spied();
      const server = await serveYoga(await secretQuotes(), plugins(plugin));
      expect(await webSocket!.subscribe(server, QUERY).take(1)).toEqual([REDACTED]);
      expect(served).not.toHaveBeenCalled();
    });

    it.each(transports)('counts results and ends over $name', async ({ subscribe }) => {
      const counts = { results: 0, ends: 0 };
      const server = await serveYoga(
        await secretQuotes(),
        plugins(
          onSubscribe(() => ({
            onSubscribeResult: () => ({
              onNext: () => void counts.results++,
              onEnd: () => void counts.ends++,
            }),
          })),
        ),
      );
      const feed = subscribe(server, QUERY);
      await feed.next();
      expect(await feed.next()).toBeUndefined();
      expect(counts).toEqual({ results: 1, ends: 1 });
    });

    it('answers with a result processor of its own', async () => {
      const own: Plugin = {
        onResultProcess: ({ setResultProcessor }) =>
          setResultProcessor(async (results) => {
            const all: unknown[] = [];
            for await (const result of results as Results) all.push(result);
            return new Response(JSON.stringify(all));
          }, 'text/event-stream'),
      };
      const server = await serveYoga(await secretQuotes(), plugins(own));
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: QUERY }),
      });
      expect(await response.json()).toEqual([{ data: { quotes: { symbol: SECRET } } }]);
    });

    it('reads a copy of a response, when it likes', async () => {
      const copies: Response[] = [];
      const server = await serveYoga(
        await secretQuotes(),
        plugins({ onResponse: ({ response }) => void copies.push(response.clone()) }),
      );
      expect(await sse!.subscribe(server, QUERY).take(1)).toEqual([{ data: { quotes: { symbol: SECRET } } }]);
      expect(await copies[0]?.text()).toContain(SECRET);
    });
  });

  it.each(transports)('serves from positions over $name what no plugin sees', async ({ subscribe }) => {
    const served = spied();
    const seen = vi.fn<() => void>();
    const server = await serveYoga(await secretQuotes(), [
      { onParse: seen, onValidate: seen, onContextBuilding: seen, onExecute: seen, onResponse: seen },
      useFanOut(),
      { onExecutionResult: seen, onResultProcess: seen },
    ]);
    const feed = subscribe(server, QUERY);
    expect(await feed.next()).toEqual({ data: { quotes: { symbol: SECRET } } });
    expect(await feed.next()).toBeUndefined();
    expect(seen).toHaveBeenCalled();
    expect(served).toHaveBeenCalledOnce();
  });

  const masks: readonly [string, YogaOptions['maskedErrors']][] = [
    ['Yoga’s', true],
    ['none', false],
    ['another message', { errorMessage: 'Oops' }],
    [
      'with the text of what it hides',
      { maskError: (error, message) => new GraphQLError(`${message} ${String(error)}`) },
    ],
  ];
  const failing = [
    'subscription { quotes(limit: 1) { symbol cents } }',
    'subscription { quotes(after: "aaaaaaaaaaaa-11-0000000") { symbol } }',
  ];
  it('sends over SSE what a mask makes of errors, even if that is no error of GraphQL’s', async () => {
    const map = await createQuotes();
    await map.insert({ value: { symbol: 'a', price: 0.001 } });
    const maskedErrors = { maskError: () => new Error('hidden') };
    const both = [[useFanOut()], []].map(async (plugins) => serveYoga(map, plugins, { maskedErrors }));
    const query = 'subscription { quotes(limit: 1) { cents } }';
    const [fanned, plain] = (await Promise.all(both)).map((server) => sse!.subscribe(server, query).take(1));
    expect(await fanned).toEqual([{ data: { quotes: { cents: null } }, errors: [{}] }]);
    expect(await plain).toEqual(await fanned);
  });

  describe.each(transports)('with errors masked over $name', ({ subscribe }) => {
    it('hides an error that the mask fails at, and goes on', async () => {
      const map = await createQuotes();
      const maskError = (): never => {
        throw new Error(SECRET);
      };
      const server = await serveYoga(map, [useFanOut()], { maskedErrors: { maskError } });
      await map.insert({ value: { symbol: 'a', price: 0.001 } });
      await map.insert({ value: { symbol: 'b', price: 1 } });
      const results = await subscribe(server, 'subscription { quotes(limit: 2) { cents } }').take(2);
      expect(results[0]).toMatchObject({
        data: { quotes: { cents: null } },
        errors: [{ message: 'Unexpected error.' }],
      });
      expect(results[1]).toEqual({ data: { quotes: { cents: 100 } } });
    });

    it.each(masks)('shows the same with the fan-out as without: %s', async (_name, maskedErrors) => {
      const served = spied();
      const map = await createQuotes();
      await map.insert({ value: { symbol: 'a', price: 0.001 } });
      for (const query of failing) {
        const servers = [
          await serveYoga(map, [useFanOut()], { maskedErrors: maskedErrors! }),
          await serveYoga(map, [useFanOut(), onSubscribe(() => {})], { maskedErrors: maskedErrors! }),
        ];
        const [fanned, plain] = await Promise.all(servers.map((server) => subscribe(server, query).next()));
        expect(plain).toHaveProperty('errors');
        expect(JSON.parse(JSON.stringify(fanned))).toEqual(JSON.parse(JSON.stringify(plain)));
      }
      expect(served).toHaveBeenCalledTimes(2);
    });
  });
});
