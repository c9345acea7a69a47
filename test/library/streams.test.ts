/** Streams in a user's own schema, with and without the fan-out. */
import { type ExecutionResult, type GraphQLObjectType, parse, subscribe as subscribeByGraphQL } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { addStream } from '../../src/index.ts';
import { FanOut } from '../../src/fanout/fan-out.ts';
import {
  type Address,
  ask,
  overClient,
  readEvents,
  request,
  transports,
  webSocketClient,
} from '../support/clients/clients.ts';
import { createQuoteBuilder, createQuotes, type Quotes, quoteSchema, serve } from '../support/server/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

const QUOTES = 'subscription ($limit: Int, $after: String) { quotes(limit: $limit, after: $after) { symbol price } }';
const CHANGES = `subscription ($after: String, $prefix: String) { quoteChanges(after: $after, filter: { keyPrefix: $prefix }) {
  reset upserted { symbol price } removed { key reason timestamp cursor } caughtUp cursor size checksum } }`;

const subscribed = (map: Quotes, count: number): Promise<void> =>
  vi.waitFor(() => expect(map.subscriptions).toBe(count), { timeout: 20_000, interval: 5 });
const insert = (map: Quotes, symbol: string, price = 1) => map.insert({ value: { symbol, price } });

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

describe.each([true, false])('with the fan-out: %s', (fanOut) => {
  describe.each(transports)('over $name', ({ subscribe }) => {
    it('a stream delivers current items, then insertions, and ends at its limit (G1, G3, G8)', async () => {
      const served = vi.spyOn(FanOut.prototype, 'subscribe');
      const map = await createQuotes();
      const server = await serve(quoteSchema(map), { fanOut });
      await insert(map, 'a');
      const feed = subscribe(server, QUOTES, { limit: 3 });
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'a', price: 1 } } });
      await ask(
        server,
        'mutation { insertQuotes(inputs: [{symbol: "b", price: 2}, {symbol: "ü", price: 3}]) { symbol } }',
      );
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'b', price: 2 } } });
      expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'ü', price: 3 } } });
      expect(await feed.next()).toBeUndefined();
      expect(served).toHaveBeenCalledTimes(fanOut ? 1 : 0);
      await subscribed(map, 0);
    });

    it('200 clients that leave while they wait leave no subscription open (G10)', async () => {
      const map = await createQuotes();
      const server = await serve(quoteSchema(map), { fanOut });
      const feeds = Array.from({ length: 200 }, (_, index) => subscribe(server, index % 2 ? QUOTES : CHANGES));
      const waiting = feeds.map((feed) => feed.next());
      await subscribed(map, 200);
      await Promise.all(feeds.map((feed) => feed.leave()));
      await Promise.all(waiting);
      await subscribed(map, 0);
    });
  });
});

describe.each(transports)('the same over $name with the fan-out and without', ({ subscribe }) => {
  const both = async (map: Quotes): Promise<Address[]> => {
    const schema = quoteSchema(map);
    return Promise.all([serve(schema), serve(schema, { fanOut: false })]);
  };

  it('the fan-out delivers the same items as generators, with aliases, fragments and conditions (G1, G3)', async () => {
    const map = await createQuotes();
    const servers = await both(map);
    const query = `subscription ($no: Boolean = false) { q: quotes(limit: 4) { __typename ...Both cents @include(if: $no) } }
      fragment Both on Quote { s: symbol price cents @skip(if: $no) }`;
    await insert(map, 'a', 1.5);
    await insert(map, 'ß', 2);
    const taken = servers.map((server) => subscribe(server, query).take(4));
    await subscribed(map, 2);
    await insert(map, 'c', 3);
    await insert(map, 'a', 0.1);
    const [fanned, plain] = await Promise.all(taken);
    expect(fanned).toHaveLength(4);
    expect(fanned).toEqual(plain);
  });

  it('the fan-out delivers the same mirror messages as generators, checksum included (G6)', async () => {
    const map = await createQuotes();
    const servers = await both(map);
    await insert(map, 'a/1');
    await insert(map, 'b/1');
    const variables = [{}, { prefix: 'a/' }];
    const feeds = servers.flatMap((server) => variables.map((given) => subscribe(server, CHANGES, given)));
    const first = await Promise.all(feeds.map((feed) => feed.next()));
    await map.remove('a/1');
    const second = await Promise.all(feeds.map((feed) => feed.next()));
    for (const [whole, part, plainWhole, plainPart] of [first, second]) {
      expect(whole?.errors).toBeUndefined();
      expect([whole, part]).toEqual([plainWhole, plainPart]);
    }
    expect(second[0]).toMatchObject({ data: { quoteChanges: { removed: [{ key: 'a/1' }], size: 1 } } });
  });

  it.each([
    ['no cursor', { after: 'nonsense' }, 'BAD_USER_INPUT'],
    ['a negative limit', { limit: -1 }, 'BAD_USER_INPUT'],
    ['another epoch', { after: 'aaaaaaaaaaaa-11-0000000' }, 'CURSOR_EXPIRED'],
  ])('the fan-out refuses %s like generators', async (_name, variables, code) => {
    const map = await createQuotes();
    await insert(map, 'a');
    const feeds = (await both(map)).map((server) => subscribe(server, QUOTES, variables));
    const [fanned, plain] = await Promise.all(feeds.map((feed) => feed.next()));
    expect(fanned?.errors?.[0]).toMatchObject({ extensions: { code } });
    // graphql-js adds the location of a generator that throws.
    expect(fanned?.errors?.map(({ message, extensions }) => ({ message, extensions }))).toEqual(
      plain?.errors?.map(({ message, extensions }) => ({ message, extensions })),
    );
  });

  it('the fan-out reports a value of the wrong type like generators', async () => {
    const map = await createQuotes();
    const schema = quoteSchema(map);
    const servers = await Promise.all([serve(schema), serve(schema, { fanOut: false })]);
    await insert(map, 'a', 0.001);
    const feeds = servers.map((server) => subscribe(server, 'subscription { quotes(limit: 1) { symbol cents } }'));
    const [fanned, plain] = await Promise.all(feeds.map((feed) => feed.next()));
    expect(fanned).toMatchObject({
      data: { quotes: { symbol: 'a', cents: null } },
      errors: [{ path: ['quotes', 'cents'] }],
    });
    expect(fanned).toEqual(plain);
  });
});

describe('a stream of typed items', () => {
  it('an invalid value is refused with its path, and nothing is written', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    const mutation =
      'mutation { insertQuotes(inputs: [{symbol: "a", price: 1}, {symbol: "b", price: -1}]) { symbol } }';
    const { errors } = await request(server, mutation);
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['inputs', 1, 'price'] }],
    });
    const single = await request(server, 'mutation { insertQuote(input: {symbol: "", price: 1}) { symbol } }');
    expect(single.errors?.[0]?.extensions).toMatchObject({ issues: [{ path: ['input', 'key'] }] });
    expect(map.replica.head.position).toBe(0);
  });

  it('a retry with the same idempotency key returns the first result', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    const mutation = `mutation { insertQuotes(idempotencyKey: "once", inputs: [{symbol: "a", price: 1}, {symbol: "a", price: 2}]) {
      price } }`;
    const answers = [await ask(server, mutation), await ask(server, mutation)];
    const first = { insertQuotes: [{ price: 1 }, { price: 2 }] };
    expect(answers).toEqual([first, first]);
    expect(map.replica.head.position).toBe(2);
  });

  it('two streams in one schema stay separate', async () => {
    const [quotes, trades] = [await createQuotes(), await createQuotes()];
    const { builder, quote } = createQuoteBuilder();
    const trade = builder.objectRef<{ symbol: string; price: number }>('Trade').implement({
      fields: (t) => ({ symbol: t.exposeString('symbol') }),
    });
    addStream(builder, { map: quotes, type: quote, remove: true });
    addStream(builder, { map: trades, type: trade, name: 'Deal', plural: 'allDeals', remove: true });
    const server = await serve(builder.toSchema());
    await insert(quotes, 'quote');
    await insert(trades, 'trade');
    const [over] = transports;
    const [feed, other] = ['quotes', 'allDeals'].map((name) =>
      over!.subscribe(server, `subscription { ${name}(limit: 1) { symbol } }`),
    );
    expect([await feed!.next(), await other!.next()]).toEqual([
      { data: { quotes: { symbol: 'quote' } } },
      { data: { allDeals: { symbol: 'trade' } } },
    ]);
    expect([await feed!.next(), await other!.next()]).toEqual([undefined, undefined]);
    const changes = over!.subscribe(server, 'subscription { dealChanges { upserted { symbol } size } }');
    expect(await changes.next()).toEqual({ data: { dealChanges: { upserted: [{ symbol: 'trade' }], size: 1 } } });
  });

  it('any executor can iterate a stream, gets error codes, and leaves at once (G10)', async () => {
    const map = await createQuotes();
    const schema = quoteSchema(map);
    const start = (query: string) => subscribeByGraphQL({ schema, document: parse(query), contextValue: {} });
    const refused = (await start('subscription { quotes(limit: -1) { symbol } }')) as ExecutionResult;
    expect(refused.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    const results = (await start('subscription { quotes { symbol } }')) as AsyncGenerator<ExecutionResult>;
    const waiting = results.next();
    await subscribed(map, 1);
    await results.return(undefined);
    expect(await waiting).toMatchObject({ done: true });
    expect(map.subscriptions).toBe(0);
  });

  it('a slow subscriber gets LAGGED in any executor (G5)', async () => {
    const map = await createQuotes(4);
    const schema = quoteSchema(map);
    const document = parse('subscription { quotes(onLag: FAIL) { symbol } }');
    const results = (await subscribeByGraphQL({
      schema,
      document,
      contextValue: {},
    })) as AsyncGenerator<ExecutionResult>;
    await insert(map, 'a');
    await results.next();
    for (let price = 1; price <= 9; price++) await insert(map, 'a', price);
    await expect(results.next()).rejects.toMatchObject({ extensions: { code: 'LAGGED', missed: 5 } });
  });
});

describe('with the fan-out', () => {
  it('a stream over WebSocket continues after `extensions.after`, and shows cursors on request (G2, G4)', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    const [first] = [await insert(map, 'a'), await insert(map, 'b')];
    const [over] = transports;
    for (const query of ['subscription { quotes { symbol } }', 'subscription { quotes { symbol mine } }']) {
      const feed = over!.subscribe<{ quotes: object }, object>(
        server,
        query,
        {},
        { after: first.cursor, cursors: true },
      );
      expect(await feed.next()).toMatchObject({
        data: { quotes: { symbol: 'b' } },
        extensions: { cursor: map.get('b')?.cursor },
      });
    }
  });

  it('a stream over SSE gives every event an id, continues after it, and ends a finished one with 204 (G2, G4)', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    await insert(map, 'a');
    await insert(map, 'b');
    const query = 'subscription { quotes(limit: 2) { symbol } }';
    const events = await collected(readEvents(server, { query }));
    expect(events.map(({ event }) => event)).toEqual(['next', 'next', 'complete']);
    const resumed = await collected(readEvents(server, { query, lastEventId: events[0]!.id! }));
    expect(resumed.map(({ data }) => data)).toEqual(['{"data":{"quotes":{"symbol":"b"}}}', '']);
    expect(await collected(readEvents(server, { query, lastEventId: events[2]!.id! }))).toEqual([]);
  });

  it('disposing Yoga ends SSE streams with `retry` and without `complete` (G9)', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    await insert(map, 'a');
    const events = readEvents(server, { query: 'subscription { quotes { symbol } }' });
    expect((await events.next()).value).toMatchObject({ event: 'next' });
    await server.dispose();
    const { value } = await events.next();
    expect([Object.keys(value as object), Number(value?.retry) > 0]).toEqual([['retry'], true]);
    await expect(events.next()).rejects.toThrow('terminated');
    await subscribed(map, 0);
  });

  it('a socket with compression is served by the generator', async () => {
    const served = vi.spyOn(FanOut.prototype, 'subscribe');
    const map = await createQuotes();
    const server = await serve(quoteSchema(map), { deflate: true });
    await insert(map, 'a');
    const sockets: WebSocket[] = [];
    class Watched extends WebSocket {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        sockets.push(this);
      }
    }
    const client = createClient({ url: server.webSocketUrl, webSocketImpl: Watched, retryAttempts: 0 });
    onTestFinished(() => client.dispose());
    expect(await overClient(client, { query: QUOTES }).next()).toEqual({ data: { quotes: { symbol: 'a', price: 1 } } });
    expect(sockets[0]?.extensions).toContain('permessage-deflate');
    expect(served).not.toHaveBeenCalled();
  });

  it('equal operations are rendered once, although each document is parsed separately', async () => {
    const map = await createQuotes();
    const schema = quoteSchema(map);
    const field = (schema.getType('Quote') as GraphQLObjectType).getFields()['cents']!;
    const resolve = vi.spyOn(field, 'resolve' as never);
    const server = await serve(schema);
    const feeds = Array.from({ length: 20 }, () =>
      overClient(webSocketClient(server), { query: 'subscription { quotes { cents } }' }),
    );
    const results = feeds.map((feed) => feed.next());
    await subscribed(map, 20);
    await insert(map, 'a');
    await Promise.all(results);
    expect(resolve).toHaveBeenCalledTimes(1);
  });
});
