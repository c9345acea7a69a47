import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ConsolePage } from '../../src/server/console-page.ts';
import { buildConsole } from '../support/browser/console.ts';
import { startServer } from '../support/server/server.ts';

/** The undecoded response; `fetch` would decompress it. */
async function get(
  url: string | URL,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
  const asked = request(url, { method, headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

describe('The console is served', () => {
  beforeAll(buildConsole);

  const start = async (): Promise<{ page: URL; script: URL }> => {
    const { url } = await startServer();
    const page = new URL('/', url);
    const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec((await get(page)).body.toString()) ?? [];
    return { page, script: new URL(script, page) };
  };

  it('the console is served with a policy that allows nothing inline and nothing from other origins', async () => {
    const { page, script } = await start();
    for (const url of [page, script]) {
      const { status, headers } = await get(url);
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    }
  });

  it('the page is revalidated each time, and assets named by their hash are cached for ever', async () => {
    const { page, script } = await start();
    const [ofPage, ofScript] = [await get(page), await get(script)];
    expect(ofPage.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' });
    expect(ofScript.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    });
    const again = await get(page, { 'if-none-match': String(ofPage.headers['etag']) });
    expect(again).toMatchObject({ status: 304, headers: { etag: ofPage.headers['etag'] } });
    expect(again.body).toHaveLength(0);
  });

  it('assets are compressed with the encoding that the client accepts', async () => {
    const { script } = await start();
    const plain = await get(script);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const brotli = await get(script, { 'accept-encoding': 'gzip, deflate, br' });
    expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' });
    expect(brotliDecompressSync(brotli.body)).toEqual(plain.body);
    const gzip = await get(script, { 'accept-encoding': 'br;q=0, gzip' });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    expect(new Set([plain, brotli, gzip].map(({ headers }) => headers['etag'])).size).toBe(3);
  });

  it('HEAD gets no body, and other methods than GET and HEAD are refused', async () => {
    const { page, script } = await start();
    const head = await get(script, {}, 'HEAD');
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-length']).toBe(String((await get(script)).body.length));
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect(await get(page, {}, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect((await get(new URL('/assets/other.js', page))).status).toBe(404);
    expect((await get(`${page.origin}/assets/..%2f..%2f..%2fpackage.json`)).status).toBe(404);
  });

  it('the console is not served with console: false', async () => {
    const { script } = await start();
    const { url } = await startServer({ console: false });
    expect(await get(new URL('/', url))).toMatchObject({ status: 307, headers: { location: '/graphql' } });
    expect((await get(new URL(script.pathname, url))).status).toBe(404);
  });

  it('a console that was not built answers with the command that builds it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'seamline-console-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const page = new ConsolePage([], directory);
    const server = createServer((asked, response) => page.answer(asked, response, '/')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { status, body } = await get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(status).toBe(404);
    expect(body.toString()).toContain('npm run build:console');
    expect(page.has('/assets/a.js')).toBe(false);
  });
});
