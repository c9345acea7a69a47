/** `allowOrigins` names the origins whose pages may use the server. It holds on every transport. */
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { createServer } from '../../../src/server/server.ts';
import { openSocket } from '../../support/sockets/raw-sockets.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, SECRET, sign } from '../../support/server/tokens.ts';
import { openStream } from '../../support/clients/streams.ts';

const QUERY = { query: '{ __typename }' };
const PREFLIGHT = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };

const webSocketOf = async (server: SeamlineServer, headers: Record<string, string>): Promise<string> => {
  try {
    (await openSocket(server, { headers })).close();
    return 'open';
  } catch (error) {
    return /\d{3}$/.exec(String(error))?.[0] ?? String(error);
  }
};

/** The answer to a page of this origin: `Access-Control-Allow-Origin` over HTTP, and whether a WebSocket opens. */
async function verdictsOf(server: SeamlineServer, origin: string): Promise<(string | null)[]> {
  const stream = await openStream(`${server.url}?query=subscription{itemChanges{reset}}`, {
    headers: { origin, accept: 'text/event-stream' },
  });
  stream.leave();
  const responses = [
    await fetch(server.url, { method: 'OPTIONS', headers: { ...PREFLIGHT, origin } }),
    await post(server, QUERY, { origin }),
    await post(server, '{', { origin }),
    stream.response,
  ];
  const allowed = responses.map(({ headers }) => headers.get('access-control-allow-origin'));
  return [...allowed, await webSocketOf(server, { origin })];
}

const inOf = (origin: string): string[] => [origin, origin, origin, origin, 'open'];
const OUT = [null, null, null, null, '403'];

describe('allowOrigins', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    [
      'https://a.example',
      ['https://a.example', 'https://A.example'],
      ['http://a.example', 'https://a.example:8443', 'https://b.a.example', 'null'],
    ],
    ['HTTPS://A.Example:443', ['https://a.example'], ['https://a.example:444']],
    ['http://10.0.2.2:8081', ['http://10.0.2.2:8081'], ['http://10.0.2.2:8082', 'http://10.0.2.2']],
    ['https://münchen.example', ['https://xn--mnchen-3ya.example'], ['https://munchen.example']],
    ['http://[::1]:3000', ['http://[::1]:3000'], ['http://[::1]']],
    [
      'capacitor://localhost',
      ['capacitor://localhost'],
      ['ionic://localhost', 'capacitor://localhost.evil', 'http://localhost', 'capacitor://localhost:1'],
    ],
    ['tauri://localhost', ['tauri://localhost'], ['tauri://local']],
    [
      'chrome-extension://abcdefghijklmnop',
      ['chrome-extension://abcdefghijklmnop'],
      ['chrome-extension://abcdefghijklmnoq'],
    ],
    [
      'safari-web-extension://AB12',
      ['safari-web-extension://AB12', 'safari-web-extension://ab12'],
      ['safari-web-extension://ab13'],
    ],
    ['app://x.y:7', ['app://x.y:7'], ['app://x.y']],
    [
      'https://*.example.org',
      ['https://a.example.org', 'https://a.b.example.org', 'https://a-1.example.org'],
      [
        'https://example.org',
        'https://evilexample.org',
        'https://a.example.org.evil',
        'http://a.example.org',
        'https://a.example.org:8443',
        'https://evil.example/.example.org',
        'https://evil.example#.example.org',
        'https://.example.org',
        'https://evil:1.example.org',
      ],
    ],
    [
      'https://*.example.org:8443',
      ['https://a.example.org:8443'],
      ['https://a.example.org', 'https://a.example.org:18443'],
    ],
  ])('the allowed origin %s admits what it names and nothing else', async (allowed, admitted, others) => {
    const server = await startServer({ allowOrigins: [allowed] });
    for (const origin of admitted) expect([origin, await verdictsOf(server, origin)]).toEqual([origin, inOf(origin)]);
    for (const origin of others) expect([origin, await verdictsOf(server, origin)]).toEqual([origin, OUT]);
  });

  it('the allowed origin * admits every page, without credentials', async () => {
    const server = await startServer({ allowOrigins: ['*'] });
    for (const origin of ['https://a.example', 'null', 'capacitor://localhost', 'file://']) {
      expect(await verdictsOf(server, origin)).toEqual(inOf('*'));
      const { headers } = await post(server, QUERY, { origin });
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('origins that are named next to * may send cookies', async () => {
    const server = await startServer({ allowOrigins: ['*', 'https://a.example'] });
    const { headers } = await post(server, QUERY, { origin: 'https://a.example' });
    expect(headers.get('access-control-allow-origin')).toBe('https://a.example');
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('vary')).toMatch(/origin/i);
  });

  it.each([
    ['https://a.example/', 'write https://a.example'],
    ['https://a.example/path?x', 'write https://a.example'],
    ['example.org', 'scheme://host'],
    ['*.example.org', 'https://*.example.org'],
    ['https://*', 'https://*.example.org'],
    ['https://a.*.example', 'https://*.example.org'],
    ['http://localhost:*', 'scheme://host'],
    ['https://a.example:65536', 'scheme://host'],
    ['https://user@a.example', 'scheme://host'],
    ['app://x:65536', 'scheme://host'],
    ['null', '* for all'],
    ['', 'scheme://host'],
  ])('allowOrigins refuses %j and says what is valid', async (origin, hint) => {
    const refusal = createServer({ port: 0, allowOrigins: ['https://ok.example', origin] });
    await expect(refusal).rejects.toThrow(RangeError);
    await expect(refusal).rejects.toThrow(`allowOrigins[1] must be an origin`);
    await expect(refusal).rejects.toThrow(JSON.stringify(origin));
    await expect(refusal).rejects.toThrow(hint);
  });
});

describe('a cookie', () => {
  const guarded = (allowOrigins: string[]): Promise<SeamlineServer> =>
    startServer({ jwtSecret: SECRET, jwtCookie: 'session', allowOrigins });
  const statusOf = async (server: SeamlineServer, headers: Record<string, string>): Promise<number> =>
    (await post(server, QUERY, headers)).status;

  it('a cookie from a page that only * admits is ignored, on HTTP and on a WebSocket', async () => {
    const server = await guarded(['*', 'https://a.example', 'https://*.b.example']);
    const cookie = `session=${await sign()}`;
    expect(await statusOf(server, { cookie, origin: 'https://evil.example' })).toBe(401);
    expect(await statusOf(server, { cookie, origin: 'null' })).toBe(401);
    for (const origin of ['https://a.example', 'https://x.b.example', new URL(server.url).origin])
      expect(await statusOf(server, { cookie, origin })).toBe(200);
    expect(await statusOf(server, { ...bearer(await sign()), origin: 'https://evil.example' })).toBe(200);
    const codes = [];
    for (const origin of ['https://evil.example', 'https://a.example']) {
      const socket = await openSocket(server, { headers: { cookie, origin } });
      socket.send({ type: 'connection_init' });
      const first = await socket.next();
      codes.push(first?.type ?? (await socket.closed).code >= 4400);
    }
    expect(codes).toEqual([true, 'connection_ack']);
  });
});

describe('the host of an allowed origin', () => {
  const statusOf = ({ url }: SeamlineServer, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(new URL('/health', url), { headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject).end();
    });

  it('the host of an allowed origin is known: React Native in an Android emulator names the machine 10.0.2.2', async () => {
    const server = await startServer({ allowOrigins: ['http://10.0.2.2:4000', 'https://*.dev.example'] });
    const emulator = { host: '10.0.2.2:4000', origin: 'http://10.0.2.2:4000' };
    expect(await webSocketOf(server, emulator)).toBe('open');
    expect(await statusOf(server, emulator)).toBe(200);
    expect(await statusOf(server, { host: '10.0.2.2:4000', 'user-agent': 'Mozilla/5.0' })).toBe(200);
    expect(await statusOf(server, { host: 'x.dev.example', 'user-agent': 'Mozilla/5.0' })).toBe(200);
    // An app of another allowed origin reaches the same machine.
    const app = await startServer({ allowOrigins: ['capacitor://localhost'] });
    expect(await webSocketOf(app, { host: '10.0.2.2:4000', origin: 'capacitor://localhost' })).toBe('open');
  });

  it('only hosts of allowed origins are known: a page with a rebound name is refused', async () => {
    const server = await startServer({ allowOrigins: ['http://10.0.2.2:4000', 'https://*.dev.example'] });
    for (const host of ['evil.example', '10.0.2.3', 'dev.example', 'x.dev.example.evil', '10.0.2.2.evil'])
      for (const headers of [
        { host, origin: `http://${host}` },
        { host, 'user-agent': 'Mozilla/5.0' },
      ]) {
        expect([host, await statusOf(server, headers)]).toEqual([host, 400]);
        if ('origin' in headers) expect(await webSocketOf(server, headers)).toBe('403');
      }
    expect(await webSocketOf(server, { host: '10.0.2.2:4000', origin: 'http://evil.example' })).toBe('403');
  });

  it('the host of an allowed origin may be named with the default port of its scheme', async () => {
    const open = await startServer({ open: true });
    expect(await webSocketOf(open, { host: 'seamline.example:443', origin: 'https://seamline.example' })).toBe('open');
    expect(await webSocketOf(open, { host: 'seamline.example:80', origin: 'http://seamline.example' })).toBe('open');
    expect(await webSocketOf(open, { host: 'seamline.example:443', origin: 'http://seamline.example' })).toBe('403');
  });
});
