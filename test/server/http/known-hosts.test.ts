import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { startServer } from '../../support/server/server.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';

function statusOf({ url }: SeamlineServer, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/health', url), { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end();
  });
}

describe('a server without authentication on loopback', () => {
  it.each(['localhost', 'localhost:4000', '127.0.0.1:4000', '[::1]:4000', 'app.localhost'])(
    'a browser reaches a server without authentication as %s',
    async (host) => {
      expect(await statusOf(await startServer(), { host, 'user-agent': BROWSER })).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])(
    'a browser does not reach a server without authentication as %s, which DNS rebinding may have set',
    async (host) => {
      const server = await startServer();
      expect(await statusOf(server, { host, 'user-agent': BROWSER })).toBe(400);
      expect(await statusOf(server, { host, origin: `http://${host}` })).toBe(400);
    },
  );

  it('other clients reach the server by any name, and so do browsers when it is open or authenticated', async () => {
    expect(await statusOf(await startServer(), { host: 'seamline.internal' })).toBe(200);
    const open = await startServer({ open: true });
    expect(await statusOf(open, { host: 'seamline.example', 'user-agent': BROWSER })).toBe(200);
  });
});
