import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buildSchema } from 'graphql';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { PAGE_COLLECTIONS_ID } from '../../../src/described/page-collection.ts';
import { ConsolePage } from '../../../src/server/console-page.ts';
import { pageCollections } from '../../../src/transports/http/page-collections.ts';
import { buildConsole } from '../../support/browser/console.ts';
import { typedSdl } from '../../support/described/typed-sdl.ts';
import { startServer } from '../../support/server/server.ts';

const COLLECTIONS = pageCollections(buildSchema(typedSdl()));

describe('The page of the console', () => {
  beforeAll(buildConsole);

  const serve = async (page: ConsolePage): Promise<string> => {
    const server = createServer((request, response) => page.answer(request, response, '/')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  /** The content of the element, which a browser reads to the first `</script`. */
  const described = (html: string): string | undefined =>
    new RegExp(`<script id="${PAGE_COLLECTIONS_ID}" type="application/json">(.*?)</script`, 's').exec(html)?.[1];

  it.each(['identity', 'gzip', 'br'])('the page contains the collections, also encoded as %s', async (encoding) => {
    const url = await serve(new ConsolePage(COLLECTIONS));
    const response = await fetch(url, { headers: { 'accept-encoding': encoding } });
    expect(response.headers.get('content-encoding') ?? 'identity').toBe(encoding);
    expect(JSON.parse(described(await response.text()) ?? '')).toEqual(COLLECTIONS);
    const tag = response.headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { 'accept-encoding': encoding, 'if-none-match': tag } });
    expect(again.status).toBe(304);
  });

  it('no text of a description ends the element that contains it', async () => {
    const [quotes] = COLLECTIONS;
    if (!quotes) throw new Error('there are two collections');
    const hostile = { ...quotes, example: { ...quotes.example, mutation: '</script><script>alert(1)</script><!--' } };
    const html = await (await fetch(await serve(new ConsolePage([hostile])))).text();
    expect(JSON.parse(described(html) ?? '')).toEqual([hostile]);
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<!--');
  });

  it('another description gives the page another tag', async () => {
    const tags = [COLLECTIONS, COLLECTIONS.slice(1), []].map(async (collections) => {
      const response = await fetch(await serve(new ConsolePage(collections)));
      return response.headers.get('etag');
    });
    expect(new Set(await Promise.all(tags)).size).toBe(3);
  });

  it('the page of a server without an SDL file contains no description', async () => {
    const { url } = await startServer();
    expect(described(await (await fetch(new URL('/', url))).text())).toBeUndefined();
  });
});
