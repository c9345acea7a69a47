/** A page of an origin that is not allowed is refused with the same words in the log and in the answer, on every transport. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { upgradeRequest } from '../../support/fuzz/hostile.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { startServer } from '../../support/server/server.ts';
import { openSocket } from '../../support/sockets/raw-sockets.ts';

const VITE = 'http://localhost:5173';
const MESSAGE = `refused: origin ${VITE}; allow it with --allow-origin ${VITE}`;

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

const INSERT = JSON.stringify({ query: 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }' });
const WAYS: Readonly<
  Record<string, { method: string; search?: string; headers?: Record<string, string>; body?: string }>
> = {
  'a preflight': { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } },
  'a POST': { method: 'POST', headers: { 'content-type': 'application/json' }, body: INSERT },
  'a query by GET': { method: 'GET', search: '?query={__typename}', headers: { accept: 'application/json' } },
  'an EventSource': {
    method: 'GET',
    search: '?query=subscription{itemChanges{reset}}',
    headers: { accept: 'text/event-stream' },
  },
};

/** With Node's client, because `fetch` does not let a caller set `Origin` to any text. */
function answerOver(server: SeamlineServer, way: string, origin: string): Promise<Answer> {
  const { method, search = '', headers = {}, body } = WAYS[way] ?? { method: way };
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, origin }, agent: false };
    const sent = httpRequest(`${server.url}${search}`, options, (response) => {
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
      text(response).then((read) => resolve({ status: response.statusCode, body: read }), reject);
    });
    sent.on('error', reject).end(body);
  });
}

/** The whole answer to an upgrade. */
function upgradeOf(server: SeamlineServer, ...headers: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(upgradeRequest(server).replace('\r\n', `\r\n${headers.join('\r\n')}\r\n`));
  return text(socket);
}

describe('a refused origin', () => {
  it.each(Object.keys(WAYS))(
    '%s of a refused origin is answered with 403 and a GraphQL error that names the flag',
    async (way) => {
      const server = await startServer();
      const { status, body } = await answerOver(server, way, VITE);
      expect(status).toBe(403);
      expect(JSON.parse(body)).toEqual({ errors: [{ message: MESSAGE, extensions: { code: 'FORBIDDEN' } }] });
      expect(server.map.replica.head.position).toBe(0);
    },
  );

  it('the upgrade of a refused origin is answered with 403 and a body that names the flag', async () => {
    const answer = await upgradeOf(await startServer(), `Origin: ${VITE}`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer.split('\r\n\r\n')[1]).toBe(`${MESSAGE}\n`);
  });

  it.each([...Object.keys(WAYS), 'a WebSocket'])(
    '%s of a refused origin is logged with the flag that allows it',
    async (way) => {
      const log = logLines('info');
      const server = await startServer({ logger: log.logger });
      if (way === 'a WebSocket') await upgradeOf(server, `Origin: ${VITE}`);
      else await answerOver(server, way, VITE);
      const transport = way === 'a WebSocket' ? 'websocket' : 'http';
      expect(log.saying(/^refused/)).toMatchObject([
        { level: 'warn', code: 'BAD_ORIGIN', origin: VITE, transport, client: '127.0.0.1', msg: MESSAGE },
      ]);
    },
  );

  it('each refused origin is logged once in ten seconds, on whatever transport, and the rest is counted', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    for (let times = 0; times < 3; times++) {
      for (const way of Object.keys(WAYS)) await answerOver(server, way, VITE);
      await upgradeOf(server, `Origin: ${VITE}`);
    }
    await answerOver(server, 'a POST', 'http://localhost:3000');
    await server.drain();
    expect(log.saying(/^refused:/).map(({ origin }) => origin)).toEqual([VITE, 'http://localhost:3000']);
    expect(log.saying(/more$/)).toMatchObject([{ code: 'BAD_ORIGIN', suppressed: 14 }]);
  });

  it('a flood of invented origins fills five lines of the log', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    await Promise.all(Array.from({ length: 40 }, (_, at) => answerOver(server, 'a POST', `https://a${at}.example`)));
    await server.drain();
    expect(log.saying(/^refused:/)).toHaveLength(5);
    expect(log.saying(/more$/)).toMatchObject([{ code: 'BAD_ORIGIN', suppressed: 35 }]);
  });

  it('the flag of a refused origin allows it', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    for (const origin of [VITE, 'https://app.example', 'capacitor://localhost', 'http://[::1]:5173'])
      await answerOver(server, 'a POST', origin);
    const flags = log.saying(/^refused:/).map(({ msg }) => /--allow-origin '?([^']*)'?$/.exec(msg)?.[1] ?? '');
    const allowing = await startServer({ allowOrigins: flags });
    expect(flags).toHaveLength(4);
    for (const origin of flags) (await openSocket(allowing, { headers: { origin } })).close();
  });

  it.each<[string, string, string]>([
    ['a command for a shell', 'http://$(touch${IFS}x)', '"http://$(touch${IFS}x)"; --allow-origin cannot name it'],
    ['a second command', 'http://a;reboot', '"http://a;reboot"; --allow-origin cannot name it'],
    ['a wildcard', 'http://*.example', '"http://*.example"; --allow-origin cannot name it'],
    ['a path', 'http://a.example/x', '"http://a.example/x"; --allow-origin cannot name it'],
    ['bytes beyond ASCII', 'http://\u202e\x9b31m.example', ''],
    ['no origin at all', 'null', `null; only --allow-origin '*' allows pages without an origin`],
    ['nothing', '', '""; --allow-origin cannot name it'],
  ])('the refusal of an origin with %s suggests no flag that contains it', async (_what, origin, expected) => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    // A header is bytes.
    const sent = Buffer.from(origin).toString('latin1');
    const { body } = await answerOver(server, 'a POST', sent);
    const [line] = log.saying(/^refused:/);
    if (expected !== '') expect(line?.msg).toBe(`refused: origin ${expected}`);
    expect(line?.msg).not.toMatch(/[^\x20-\x7e]/);
    expect(line?.msg).not.toContain('allow it with');
    expect(JSON.parse(body)).toMatchObject({ errors: [{ message: line?.msg }] });
  });

  it('an origin of 10,000 characters is cut in the log and in the answer', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    const { body } = await answerOver(server, 'a POST', `http://${'a'.repeat(10_000)}.example`);
    expect(body.length).toBeLessThan(500);
    expect(log.text.split('\n').every((line) => line.length < 1000)).toBe(true);
  });

  it('a page of another site that sends no origin is refused as a WebSocket, and may link to the console and GraphiQL', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    expect(await upgradeOf(server, 'Sec-Fetch-Site: cross-site')).toMatch(
      /^HTTP\/1\.1 403 .*refused: a page of another site that sends no origin\n$/s,
    );
    const headers = { 'sec-fetch-site': 'cross-site', accept: 'text/html' };
    const link = await new Promise((resolve, reject) => {
      httpRequest(server.url, { headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(link).toBe(200);
  });

  it.each(['http://localhost:5173', 'http://127.0.0.1:5173', 'http://[::1]:5173', 'http://app.localhost:5173'])(
    'a page of %s is refused by a server on loopback unless a flag allows it',
    async (origin) => {
      expect((await answerOver(await startServer(), 'a POST', origin)).status).toBe(403);
      expect(await upgradeOf(await startServer(), `Origin: ${origin}`)).toMatch(/^HTTP\/1\.1 403 /);
    },
  );

  it('paths without data answer pages of every origin, without CORS headers', async () => {
    const server = await startServer();
    for (const path of ['/health', '/ready']) {
      const response = await fetch(new URL(path, server.url), { headers: { origin: VITE } });
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
