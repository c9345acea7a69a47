/** Typed collections over real sockets: streams of each transport, with and without fan-out, and their resume. */
import { describe, expect, it } from 'vitest';
import {
  ask,
  overSse,
  overWebSocket,
  readEvents,
  request,
  type ServerSentEvent,
  transports,
} from '../../support/clients/clients.ts';
import { openStream } from '../../support/clients/streams.ts';
import {
  INSERT_ORDER,
  INSERT_QUOTE,
  mapOf,
  newFolder,
  QUOTE_CHANGES,
  QUOTES,
  schemaFile,
  startCollections,
} from '../../support/server/collections.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';

interface Quote {
  readonly symbol: string;
  readonly price: number;
  readonly venue: string | null;
  readonly cursor: string;
}

const insertQuote = (server: SeamlineServer, symbol: string, price: number, venue?: string) =>
  ask<{ insertQuote: Quote }, object>(server, INSERT_QUOTE, { input: { symbol, price, venue } });

describe.each(transports)('a typed collection over $name', (transport) => {
  it.each([true, false])('the same stream is delivered with fanOut: %s', async (fanOut) => {
    const server = await startCollections({ fanOut });
    await insertQuote(server, 'IBM', 1.5, 'NYSE');
    const feed = transport.subscribe<{ quotes: Quote }, object>(server, QUOTES);
    await feed.take(1);
    await insertQuote(server, 'SAP', 2);
    await insertQuote(server, 'IBM', 3, 'LSE');
    const results = await feed.take(2);
    expect(results.map(({ data }) => data?.quotes)).toMatchObject([
      { symbol: 'SAP', price: 2, venue: null },
      { symbol: 'IBM', price: 3, venue: 'LSE' },
    ]);
    const [{ data } = {}] = results;
    const after = transport.subscribe<{ quotes: Quote }, object>(server, QUOTES, { after: data?.quotes.cursor });
    expect(await after.take(1)).toMatchObject([{ data: { quotes: { symbol: 'IBM', price: 3 } } }]);
  });

  it.each([true, false])('changes tell what enters and leaves a typed filter with fanOut: %s', async (fanOut) => {
    const server = await startCollections({ fanOut });
    await insertQuote(server, 'IBM', 5);
    const feed = transport.subscribe<{ quoteChanges: object }, object>(server, QUOTE_CHANGES, {
      filter: { where: { price: { gt: 4 } } },
    });
    expect(await feed.take(1)).toMatchObject([
      { data: { quoteChanges: { reset: true, caughtUp: true, size: 1, upserted: [{ symbol: 'IBM' }] } } },
    ]);
    await insertQuote(server, 'IBM', 3);
    expect(await feed.take(1)).toMatchObject([
      { data: { quoteChanges: { size: 0, upserted: [], removed: [{ key: 'IBM', reason: 'UNMATCHED' }] } } },
    ]);
  });
});

describe('typed collections', () => {
  it('two collections in one query are read at one position each, in one moment', async () => {
    const server = await startCollections();
    await insertQuote(server, 'IBM', 1);
    await ask(server, INSERT_ORDER, { input: { number: 7, note: 'x' } });
    const document =
      '{ quotes { edges { node { symbol } } cursor } orders { edges { node { number note } } cursor } order(number: 7) { id number } }';
    const data = await ask<Record<'quotes' | 'orders', { cursor: string }>, object>(server, document);
    expect(data).toMatchObject({
      quotes: { edges: [{ node: { symbol: 'IBM' } }] },
      orders: { edges: [{ node: { number: 7, note: 'x' } }] },
      order: { id: '7', number: 7 },
    });
    for (const [plural, { cursor }] of Object.entries({ quotes: data.quotes, orders: data.orders })) {
      const { replica } = mapOf(server, plural);
      expect(cursor).toBe(replica.cursor(replica.head));
    }
  });

  it('an insertion into one collection reaches no subscriber of another', async () => {
    const server = await startCollections();
    const feed = overWebSocket.subscribe<{ quotes: Quote }, object>(server, QUOTES);
    const orders = overSse.subscribe(server, 'subscription { orders { number } }');
    await insertQuote(server, 'IBM', 1);
    await ask(server, INSERT_ORDER, { input: { number: 1 } });
    expect(await feed.take(1)).toMatchObject([{ data: { quotes: { symbol: 'IBM' } } }]);
    expect(await orders.take(1)).toMatchObject([{ data: { orders: { number: 1 } } }]);
    expect(mapOf(server, 'quotes').counters.deliveries).toBe(1);
    expect(mapOf(server, 'orders').counters.deliveries).toBe(1);
  });

  it('a cursor of one collection does not resume another', async () => {
    const server = await startCollections();
    await ask(server, INSERT_ORDER, { input: { number: 1 } });
    const { replica } = mapOf(server, 'orders');
    const feed = overWebSocket.subscribe(server, QUOTES, { after: replica.cursor(replica.head) });
    expect(await feed.next()).toMatchObject({ errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] });
  });

  it('Last-Event-ID resumes a stream of a typed collection', async () => {
    const server = await startCollections();
    for (const symbol of ['a', 'b', 'c']) await insertQuote(server, symbol, 1);
    const first = await nextEvents(readEvents(server, { query: QUOTES }), 2);
    const lastEventId = first.at(-1)?.id ?? '';
    const [event] = await nextEvents(readEvents(server, { query: QUOTES, lastEventId }), 1);
    expect(JSON.parse(event?.data ?? '')).toMatchObject({ data: { quotes: { symbol: 'c' } } });
  });

  it('a multipart stream delivers a typed collection', async () => {
    const server = await startCollections();
    await insertQuote(server, 'IBM', 1.25);
    const stream = await openStream(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'multipart/mixed;subscriptionSpec=1.0, application/json' },
      body: JSON.stringify({ query: 'subscription { quotes { symbol price } }' }),
    });
    expect(await stream.until(/IBM/)).toContain('{"payload":{"data":{"quotes":{"symbol":"IBM","price":1.25}}}}');
  });

  it('a subscription of a typed collection resumes after a restart on the same directory', async () => {
    const options = { data: newFolder(), schema: schemaFile() };
    const before = await createServer({ port: 0, drainTimeoutMs: 100, ...options });
    const { insertQuote: first } = await insertQuote(before, 'IBM', 1);
    await insertQuote(before, 'SAP', 2);
    await before.drain();
    const server = await startCollections(options);
    const feed = overWebSocket.subscribe<{ quotes: Quote }, object>(server, QUOTES, { after: first.cursor });
    expect(await feed.take(1)).toMatchObject([{ data: { quotes: { symbol: 'SAP', price: 2 } } }]);
  });

  it('a document that is not in the manifest is refused, and one that is in it runs', async () => {
    const query = '{ quoteStream { engine } }';
    const server = await startCollections({ trustedDocuments: { known: query } });
    expect(await request(server, query)).toMatchObject({ data: { quoteStream: { engine: 'memory' } } });
    expect(await request(server, '{ orderStream { engine } }')).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('a server without introspection hides its types, and suggests no fields', async () => {
    const server = await startCollections({ introspection: false });
    expect(await request(server, '{ __type(name: "Quote") { name } }')).toMatchObject({ errors: [{}] });
    const { errors } = await request(server, '{ quotez { cursor } }');
    expect(errors?.[0]?.message).not.toContain('Did you mean');
  });
});

/** The first events of a stream that have data. */
async function nextEvents(events: AsyncIterable<ServerSentEvent>, count: number): Promise<ServerSentEvent[]> {
  const taken: ServerSentEvent[] = [];
  for await (const event of events) {
    if (event.event === 'next' && taken.push(event) === count) break;
  }
  return taken;
}
