/** Requests that HTTP/1.1 allows, sent byte by byte, are answered by the rules of RFC 9110 and RFC 9112. */
import { describe, expect, it } from 'vitest';
import { converse } from '../../support/fuzz/connection.ts';
import { responsesIn } from '../../support/fuzz/responses.ts';
import { openTcp, upgradeRequest } from '../../support/fuzz/hostile.ts';
import { answersTo, answerTo, JSON_TYPE, textOf } from '../../support/server/plain-requests.ts';
import { startServer } from '../../support/server/server.ts';

const H2C = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'User-Agent: Java-http-client/21',
];
const QUERY = '/graphql?query={__typename}';
const INSERT = JSON.stringify({ query: 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }' });
const length = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}`;

describe('a request that offers another protocol', () => {
  it('a request that offers h2c gets the HTTP/1.1 answer and the connection stays open, with and without a body', async () => {
    const server = await startServer();
    const chunked = `5\r\n${INSERT.slice(0, 5)}\r\n${(INSERT.length - 5).toString(16)}\r\n${INSERT.slice(5)}\r\n0\r\n\r\n`;
    const answers = await answersTo(
      server,
      { line: `GET ${QUERY} HTTP/1.1`, headers: H2C },
      { line: 'POST /graphql HTTP/1.1', headers: [...H2C, JSON_TYPE, length(INSERT)], body: INSERT },
      { line: 'POST /graphql HTTP/1.1', headers: [...H2C, JSON_TYPE, 'Transfer-Encoding: chunked'], body: chunked },
      { line: 'POST /graphql HTTP/1.1', headers: [...H2C, JSON_TYPE, 'Content-Length: 0'] },
      { line: 'GET /health HTTP/1.1', headers: H2C },
      { line: 'GET /nope HTTP/1.1', headers: H2C },
      { line: `GET ${QUERY} HTTP/1.1` },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 400, 200, 404, 200]);
    expect(answers[0]?.body).toBe('{"data":{"__typename":"Query"}}');
    expect(answers[2]?.body).toBe('{"data":{"insertItem":{"key":"a"}}}');
    expect(server.map.replica.head.position).toBe(2);
  });

  it('a stream that offers h2c is counted, limited and drained like any other', async () => {
    const server = await startServer({ maxConnections: 1 });
    const line = 'GET /graphql?query=subscription{itemChanges{reset}} HTTP/1.1';
    const socket = await openTcp(server);
    socket.write(textOf({ line, headers: [...H2C, 'Accept: text/event-stream'] }));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    await expect.poll(() => text).toContain('"reset":true');
    const [second] = await answersTo(server, { line, headers: [...H2C, 'Accept: text/event-stream'] });
    expect(second?.status).toBe(503);
    await server.drain();
    await expect.poll(() => socket.closed || socket.readableEnded).toBe(true);
  });

  it.each([
    ['POST /graphql HTTP/1.1', 400],
    ['GET / HTTP/1.1', 307],
    ['GET /graphqlx HTTP/1.1', 404],
    // HTTP/1.0 has no upgrade.
    ['GET /graphql HTTP/1.0', 400],
  ])('an upgrade to a WebSocket that the server does not offer is a plain request: %s', async (line, status) => {
    const headers = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      JSON_TYPE,
      'Content-Length: 2',
    ];
    const server = await startServer({ console: false });
    const socket = await openTcp(server);
    socket.write(textOf({ line, headers, body: '{}' }));
    const [chunk] = await socket.take(1).toArray();
    expect(Number(String(chunk).split(' ')[1])).toBe(status);
  });

  it.each(['websocket', 'WebSocket', 'h2c, websocket', 'websocket, h2c'])(
    'Upgrade: %j at the GraphQL path opens a WebSocket',
    async (offered) => {
      const server = await startServer();
      const socket = await openTcp(server);
      socket.write(upgradeRequest(server).replace('Upgrade: websocket', `Upgrade: ${offered}`));
      const [chunk] = await socket.take(1).toArray();
      expect(String(chunk)).toMatch(/^HTTP\/1\.1 101 /);
    },
  );
});

describe('a connection', () => {
  const SUBSCRIPTION = '/graphql?query=subscription{items(limit:0){key}}';

  it.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])(
    'a connection stays open after a finished stream of %s',
    async (accept) => {
      const server = await startServer();
      const stream = { line: `GET ${SUBSCRIPTION} HTTP/1.1`, headers: [`Accept: ${accept}`] };
      const query = { line: `GET ${QUERY} HTTP/1.1` };
      const answers = await answersTo(server, stream, query, stream, query);
      expect(answers.map(({ status, isWhole }) => [status, isWhole])).toEqual(
        Array.from({ length: 4 }, () => [200, true]),
      );
      expect(answers.map(({ headers }) => headers.get('connection'))).toEqual(
        Array.from({ length: 4 }, () => 'keep-alive'),
      );
    },
  );

  it.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0', 'application/json'])(
    'a connection is closed after an answer of %s when the client asks for that',
    async (accept) => {
      const server = await startServer();
      const target = accept.endsWith('json') ? QUERY : SUBSCRIPTION;
      const bytes = await converse(server, {
        bytes: Buffer.from(
          textOf({ line: `GET ${target} HTTP/1.1`, headers: [`Accept: ${accept}`, 'Connection: close'] }),
        ),
      });
      const [answer] = [...responsesIn(bytes, ['GET'])];
      expect(answer?.status).toBe(200);
      expect(answer?.headers.get('connection')).toBe('close');
    },
  );

  it.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0', 'application/json'])(
    'an HTTP/1.0 connection gets an answer of %s without chunks and is closed',
    async (accept) => {
      const server = await startServer();
      await server.map.insert({ key: 'a', value: 1 });
      const target = accept.endsWith('json') ? QUERY : SUBSCRIPTION.replace('0', '1');
      const bytes = await converse(server, {
        bytes: Buffer.from(textOf({ line: `GET ${target} HTTP/1.0`, headers: [`Accept: ${accept}`] })),
      });
      const [answer] = [...responsesIn(bytes, ['GET'])];
      expect(answer?.headers.get('connection')).toBe('close');
      expect(answer?.headers.has('transfer-encoding')).toBe(false);
      expect(answer?.body).toContain(accept.endsWith('json') ? '"Query"' : '"a"');
      expect(answer?.body).not.toMatch(/^[\da-f]+\r\n/);
    },
  );
});

describe('a legal request', () => {
  it('the host of an absolute target overrides the Host header (RFC 9112, section 3.2.2)', async () => {
    const server = await startServer();
    const answers = await answersTo(
      server,
      { line: `GET http://localhost${QUERY} HTTP/1.1` },
      { line: `GET HTTP://127.0.0.1:4000${QUERY} HTTP/1.1`, headers: ['User-Agent: Mozilla/5.0'] },
      { line: `GET http://evil.example${QUERY} HTTP/1.1`, headers: ['User-Agent: Mozilla/5.0'] },
      { line: 'POST http://localhost/graphql HTTP/1.1', headers: [JSON_TYPE, length(INSERT)], body: INSERT },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 200]);
    const socket = await openTcp(server);
    socket.write(upgradeRequest(server).replace('GET /graphql', 'GET http://localhost/graphql'));
    expect(String((await socket.take(1).toArray())[0])).toMatch(/^HTTP\/1\.1 101 /);
  });

  it('a request with Expect: 100-continue gets 100 before its body', async () => {
    const server = await startServer();
    const head = textOf({
      line: 'POST /graphql HTTP/1.1',
      headers: [JSON_TYPE, length(INSERT), 'Expect: 100-continue', 'Connection: close'],
    });
    const bytes = await converse(server, {
      bytes: Buffer.from(head),
      onReceived: (received, socket) =>
        void (String(received) === 'HTTP/1.1 100 Continue\r\n\r\n' && socket.write(INSERT)),
    });
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 100 .*\r\n\r\nHTTP\/1\.1 200 /s);
    expect(server.map.get('a')?.value).toBe(1);
  });

  it('a request with Expect that is refused may follow one that is not answered yet', async () => {
    const server = await startServer();
    const requests = [
      { line: `GET ${QUERY} HTTP/1.1` },
      { line: 'POST /graphql HTTP/1.1', headers: ['Expect: 100-continue', 'Content-Length: 2'], body: '{}' },
      { line: 'GET /health HTTP/1.1', headers: ['Connection: close'] },
    ];
    const bytes = await converse(server, { bytes: Buffer.from(requests.map(textOf).join('')) });
    const answers = [...responsesIn(bytes, ['GET', 'POST', 'GET'])];
    expect(answers.map(({ status, isWhole }) => [status, isWhole])).toEqual([
      [200, true],
      [415, true],
      [200, true],
    ]);
    expect(answers[1]?.body).toMatch(/^\{.*\}$/);
  });

  it.each([
    ['Range: bytes=0-1', 200],
    ['If-None-Match: *', 200],
    ['If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT', 200],
    ['TE: trailers, gzip', 200],
    ['Accept-Encoding: identity;q=0', 200],
    ['Accept-Language: de;q=0.1', 200],
    ['Max-Forwards: 0', 200],
    ['Cache-Control: only-if-cached', 200],
    ['Content-Length: 0', 200],
  ])('a request with %s is answered with %d', async (header, status) => {
    expect((await answerTo({ line: `GET ${QUERY} HTTP/1.1`, headers: [header] })).status).toBe(status);
  });

  it('OPTIONS names the allowed methods', async () => {
    const server = await startServer();
    const answers = await answersTo(server, { line: 'OPTIONS * HTTP/1.1' }, { line: 'OPTIONS /graphql HTTP/1.1' });
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    for (const { headers } of answers) expect(headers.get('allow')).toContain('POST');
  });

  it('HEAD is answered like GET', async () => {
    const server = await startServer();
    const targets = ['/health', '/ready', '/metrics'];
    const answers = await answersTo(server, ...targets.map((target) => ({ line: `HEAD ${target} HTTP/1.1` })), {
      line: `GET ${QUERY} HTTP/1.1`,
    });
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});
