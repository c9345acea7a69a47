/** How a stream over HTTP ends that is not finished, byte by byte: so that nobody takes it for the end (G9). */
import { createYoga, type Plugin } from 'graphql-yoga';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect as connectTcp, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useFanOut } from '../../../src/index.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { pausedStream, untilFull } from '../../support/clients/paused-stream.ts';
import { createQuotes, quoteSchema, serve } from '../../support/server/quotes.ts';
import { JSON_BODY } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf, openStream } from '../../support/clients/streams.ts';
import { bearer, SECRET, secondsFromNow, sign } from '../../support/server/tokens.ts';

const ITEMS = 'subscription { items { key value } }';
const QUOTES = 'subscription { quotes { symbol } }';
const LAST_CHUNK = '\r\n0\r\n\r\n';
const DELIVERY = [
  ['the fan-out', true],
  ['generators', false],
] as const;
const TRANSPORTS = [
  ['SSE', 'text/event-stream', /retry: \d+\n\n/],
  ['multipart', 'multipart/mixed; subscriptionSpec=1.0', /--graphql\r\n/],
] as const;

const get = (accept: string, version = '1.1', more = ''): string =>
  `GET /graphql?query=${encodeURIComponent(ITEMS)} HTTP/${version}\r\nHost: x\r\nAccept: ${accept}\r\n${more}\r\n`;

/** A connection as text, and how it ends. */
function connection(url: string) {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  let end = '';
  let wake = (): void => {};
  socket.on('data', (chunk) => ((text += String(chunk)), wake()));
  socket.on('end', () => ((end ||= 'FIN'), wake()));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => ((end ||= String(code)), wake()));
  const until = async (holds: () => boolean): Promise<string> => {
    while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
    return text;
  };
  return {
    write: (sent: string) => socket.write(sent),
    until: (pattern: RegExp) => until(() => pattern.test(text)),
    async ended() {
      await until(() => end !== '');
      return { text, end };
    },
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

describe.each(DELIVERY)('a stream that is delivered by %s', (_name, fanOut) => {
  const withItem = async (key = 'a', value: unknown = 1): Promise<SeamlineServer> => {
    const server = await startServer({ fanOut, drainTimeoutMs: 60_000, keepAliveMs: 20 });
    await server.map.insert({ key, value });
    return server;
  };

  it.each(TRANSPORTS)(
    'ends without the last chunk when the server drains: %s',
    async (_transport, accept, farewell) => {
      const server = await withItem();
      const client = connection(server.url);
      client.write(get(accept));
      await client.until(/"a"/);
      await server.drain();
      const { text, end } = await client.ended();
      expect(text).toMatch(/^transfer-encoding: chunked/im);
      expect(text).toMatch(farewell);
      expect(text).not.toContain(LAST_CHUNK);
      expect(end).toBe('FIN');
    },
  );

  it('a stream also breaks when the client wants the connection closed after the answer', async () => {
    const server = await withItem();
    const client = connection(server.url);
    client.write(get('text/event-stream', '1.1', 'Connection: close\r\n'));
    await client.until(/"a"/);
    await server.drain();
    const { text, end } = await client.ended();
    expect(text).toMatch(/retry: \d+\n\n\r\n$/);
    expect(end).toBe('FIN');
  });

  // Node 22's own client takes a reset for an end.
  it.skipIf(process.versions.node.startsWith('22.'))(
    'resets the connection of HTTP/1.0, whose end would be that of the body, after all that was to be said',
    async () => {
      const server = await withItem();
      const client = connection(server.url);
      client.write(get('text/event-stream', '1.0'));
      await client.until(/"a"/);
      await server.drain();
      const { text, end } = await client.ended();
      expect(text).toMatch(/retry: \d+\n\n$/);
      expect(end).toBe('ECONNRESET');
    },
  );

  it('a stream that is drained at its beginning has its head and nothing else', async () => {
    const server = await withItem();
    const client = connection(server.url);
    // A request that has begun keeps its connection open.
    client.write(get('text/event-stream').slice(0, -2));
    await new Promise((resolve) => setImmediate(resolve));
    await fetch(new URL('/health', server.url));
    const drained = server.drain();
    client.write('\r\n');
    await drained;
    const { text, end } = await client.ended();
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).toMatch(/retry: \d+\n\n\r\n$/);
    expect(end).toBe('FIN');
  });

  it('a drained stream ends soon for a reader that reads nothing', async () => {
    const server = await withItem();
    for (let index = 0; index < 400; index++) await server.map.insert({ key: `k${index}`, value: 'x'.repeat(60_000) });
    const response = await pausedStream(server);
    await untilFull(server);
    await server.drain();
    expect(server.map.subscriptions).toBe(0);
    await expect(response.resume().toArray()).rejects.toThrow('aborted');
  });

  it('a stream breaks when its token expires', async () => {
    const server = await startServer({ fanOut, jwtSecret: SECRET });
    const token = await sign({ exp: secondsFromNow(2) });
    const stream = await openStream(`${server.url}?query=${encodeURIComponent(ITEMS)}`, {
      headers: { accept: 'text/event-stream', ...bearer(token) },
    });
    expect(await stream.broken()).toMatch(/retry: \d+\n\n$/);
  });

  it('a stream breaks when the user’s Yoga server is disposed of', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map), { fanOut: true });
    await map.insert({ value: { symbol: 'a', price: 1 } });
    // What depends on the caller is delivered by a generator.
    const query = fanOut ? QUOTES : 'subscription { quotes { symbol mine } }';
    const stream = await openStream(server.url, {
      method: 'POST',
      headers: { ...JSON_BODY, accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
    });
    await stream.until(/"a"/);
    await server.dispose();
    expect(await stream.broken()).toMatch(/retry: \d+\n\n$/);
  });
});

describe('a stream of a Yoga server', () => {
  async function quotesYoga(...plugins: Plugin[]) {
    const map = await createQuotes();
    await map.insert({ value: { symbol: 'a', price: 1 } });
    return createYoga({ schema: quoteSchema(map), logging: false, plugins: [useFanOut(), ...plugins] });
  }

  it('a stream without a response of Node’s fails, so that the runtime breaks the connection', async () => {
    const yoga = await quotesYoga();
    const response = await yoga.fetch(`http://x/graphql?query=${encodeURIComponent(QUOTES)}`, {
      headers: { accept: 'text/event-stream' },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const reading = (async () => {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) return;
        text += value;
        if (text.includes('"a"')) void yoga.dispose();
      }
    })();
    await expect(reading).rejects.toThrow('before it had finished');
    expect(text).toMatch(/retry: \d+\n\n$/);
  });

  it('a stream ends with an error when a result can’t be serialised (it once hung, and ended the process when its client left)', async () => {
    const yoga = await quotesYoga({
      onSubscribe: () => ({ onSubscribeResult: () => ({ onNext: ({ setResult }) => setResult({ data: { n: 1n } }) }) }),
    });
    // What depends on the caller is delivered by a generator, through the plugins.
    const query = encodeURIComponent('subscription { quotes { symbol mine } }');
    const response = await yoga.fetch(`http://x/graphql?query=${query}`, { headers: { accept: 'text/event-stream' } });
    const events = eventsOf(await response.text());
    expect(events).toMatchObject([{ event: 'next' }, { event: 'complete' }]);
    expect(events[0]?.data).toContain('INTERNAL_SERVER_ERROR');
  });

  it('a stream is reset over HTTP/2', async () => {
    const yoga = await quotesYoga();
    const url = await listening(
      createHttp2Server((request, response) => void yoga(request as never, response as never)),
    );
    const client = connectHttp2(new URL(url).origin);
    onTestFinished(() => client.destroy());
    const stream = client.request({
      ':path': `/graphql?query=${encodeURIComponent(QUOTES)}`,
      accept: 'text/event-stream',
    });
    let text = '';
    const code = await new Promise((resolve) => {
      stream.on('error', () => {});
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += String(chunk);
        if (text.includes('"a"')) void yoga.dispose();
      });
      stream.on('close', () => resolve(stream.rstCode));
    });
    expect(text).toMatch(/retry: \d+\n\n$/);
    expect(code).toBe(2);
  });
});
