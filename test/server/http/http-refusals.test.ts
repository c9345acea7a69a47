/** Requests that HTTP/1.1 forbids, or that the server does not support, are refused with a reason (RFC 9110, RFC 9112). */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { converse } from '../../support/fuzz/connection.ts';
import { upgradeRequest } from '../../support/fuzz/hostile.ts';
import { answerTo, JSON_TYPE, type Sent, textOf } from '../../support/server/plain-requests.ts';
import { startServer } from '../../support/server/server.ts';

describe('refusals of HTTP requests', () => {
  it.each<[string, Sent, number, RegExp, Record<string, string>]>([
    ['an unknown path', { line: 'GET /nope HTTP/1.1' }, 404, /\/graphql/, {}],
    [
      'an unsupported method',
      { line: 'PUT /graphql HTTP/1.1', headers: ['Content-Length: 0'] },
      405,
      /GET and POST, not PUT/,
      { allow: 'GET, POST' },
    ],
    ['an unsupported method at the console', { line: 'DELETE / HTTP/1.1' }, 405, /GET/, { allow: 'GET, HEAD' }],
    ['CONNECT', { line: 'CONNECT localhost:80 HTTP/1.1' }, 405, /no proxy/, { allow: 'GET, HEAD, POST' }],
    ['an invalid target', { line: 'GET nonsense HTTP/1.1' }, 400, /valid/, {}],
    [
      'an unknown host',
      { line: 'GET http://evil.example/health HTTP/1.1', headers: ['User-Agent: Mozilla/5.0'] },
      400,
      /"evil\.example".*--allow-origin/,
      {},
    ],
    ['long headers', { line: 'GET /health HTTP/1.1', headers: [`X-Long: ${'x'.repeat(20_000)}`] }, 431, /16 KiB/, {}],
    ['an unsupported Expect', { line: 'GET /health HTTP/1.1', headers: ['Expect: tea'] }, 417, /100-continue/, {}],
    [
      'an unsupported Transfer-Encoding',
      { line: 'POST /graphql HTTP/1.1', headers: [JSON_TYPE, 'Transfer-Encoding: gzip, chunked'], body: '0\r\n\r\n' },
      501,
      /"gzip, chunked".*chunked/,
      {},
    ],
    [
      'a Content-Encoding',
      {
        line: 'POST /graphql HTTP/1.1',
        headers: [JSON_TYPE, 'Content-Encoding: gzip', 'Content-Length: 2'],
        body: 'xx',
      },
      415,
      /without Content-Encoding/,
      { 'accept-encoding': 'identity' },
    ],
    [
      'a missing Content-Type',
      { line: 'POST /graphql HTTP/1.1', headers: ['Content-Length: 2'], body: '{}' },
      415,
      /application\/json/,
      { accept: 'application/json' },
    ],
    ['HTTP/2', { line: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' }, 505, /HTTP\/1\.1/, {}],
  ])('the answer to %s says in its body what is wrong and what to do', async (_what, sent, status, text, headers) => {
    const answer = await answerTo(sent);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(text);
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  });

  it('a request with two Host headers is refused with the reason', async () => {
    const answer = await answerTo({ line: 'GET /health HTTP/1.1', headers: ['Host: evil.example'] });
    expect([answer.status, answer.body]).toEqual([400, '2 Host headers: send exactly one\n']);
  });

  it('an HTTP/1.1 request without a Host header is refused with the reason', async () => {
    const server = await startServer();
    const bytes = await converse(server, { bytes: Buffer.from('GET /health HTTP/1.1\r\n\r\n') });
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\nmissing Host header: HTTP\/1\.1 requires one\n$/s);
    const old = await converse(server, { bytes: Buffer.from('GET /health HTTP/1.0\r\n\r\n') });
    expect(String(old)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a connection that is refused', () => {
  const connections = async (server: SeamlineServer): Promise<number> => {
    const text = await (await fetch(new URL('/metrics', server.url), { headers: { connection: 'close' } })).text();
    return Number(/^seamline_connections\{transport="http"\} (\d+)$/m.exec(text)?.[1]);
  };

  it.each([
    [
      'as an upgrade',
      (server: SeamlineServer) => upgradeRequest(server).replace('\r\n', '\r\nOrigin: https://evil.example\r\n'),
    ],
    ['as a tunnel', () => textOf({ line: 'CONNECT localhost:80 HTTP/1.1' })],
  ])(
    'a connection that is refused %s is closed, also when the client never closes it or resets it',
    async (_what, request) => {
      const server = await startServer();
      const { hostname, port } = new URL(server.url);
      const staying = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      onTestFinished(() => void staying.destroy());
      staying.write(request(server));
      await once(staying, 'data');
      const breaking = connect({ host: hostname, port: Number(port) });
      await once(breaking, 'connect');
      breaking.write(request(server), () => breaking.resetAndDestroy());
      // The remaining connection is the one that reads /metrics.
      await expect.poll(() => connections(server)).toBe(1);
    },
  );
});
