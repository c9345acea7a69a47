/** Hooks of a user's graphql-ws server see and replace the same results with the fan-out as without it. */
import { type GraphQLObjectType, parse, subscribe as subscribeByGraphQL } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { overClient, webSocketClient } from '../support/clients/clients.ts';
import {
  mapped,
  QUERY,
  REDACTED,
  redacted,
  type Results,
  SECRET,
  secretQuotes,
  serveSockets,
  spyOnFanOut,
  type WebSocketOptions,
} from '../support/library/hooked-servers.ts';
import { createQuotes, quoteSchema } from '../support/server/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

describe('hooks of graphql-ws', () => {
  const hooks: readonly [string, Partial<WebSocketOptions>][] = [
    ['onOperation', { onOperation: (_socket, _id, _payload, _args, result) => mapped(result) }],
    ['onNext', { onNext: (_socket, _id, _payload, _args, result) => redacted(result) as never }],
    ['subscribe', { subscribe: async (args) => mapped(await subscribeByGraphQL(args)) }],
    [
      'jsonMessageReplacer',
      { jsonMessageReplacer: (_key, value: unknown) => (value === SECRET ? '***' : (value as never)) },
    ],
  ];

  it.each(hooks)('results that `%s` replaces are delivered', async (_name, options) => {
    const served = spyOnFanOut();
    const server = await serveSockets({ schema: quoteSchema(await secretQuotes()), ...options });
    expect(await overClient(webSocketClient(server), { query: QUERY }).next()).toEqual(REDACTED);
    expect(served).not.toHaveBeenCalled();
  });

  it('`onOperation` can keep the results that graphql-ws iterates', async () => {
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

  it.each(['of a class', 'of one socket'])('a `send` %s sees every message', async (what) => {
    const served = spyOnFanOut();
    const sent: string[] = [];
    class Counting extends WebSocket {
      override send(...given: unknown[]): void {
        sent.push(String(given[0]));
        super.send(...(given as Parameters<WebSocket['send']>));
      }
    }
    const options: Partial<WebSocketOptions> = {
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

  it('fields are resolved with the fieldResolver that `onSubscribe` returns', async () => {
    const served = spyOnFanOut();
    const schema = quoteSchema(await secretQuotes());
    // A field without a resolver is shared.
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

  it('streams are fanned out with graphql-js’s `subscribe` and hooks that see no results', async () => {
    const served = spyOnFanOut();
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

  it('`onError` can replace the error that ends a subscription', async () => {
    const map = await createQuotes();
    const served = spyOnFanOut();
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
    'calling `return` without its iterator ends the subscription: %s',
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
