import { expect, it } from 'vitest';
import { describeInBrowser, logOf, openOn } from '../support/browser/browser.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { bundle } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';

const page = (url: string): string => `
  import { createClient } from 'graphql-ws';
  import { persistent, resumable } from 'seamline/client';

  const socket = createClient({ url: ${JSON.stringify(url.replace('http', 'ws'))}, ...persistent() });
  for await (const { data } of resumable(socket).iterate({ query: 'subscription { items { key } }' }))
    console.log(data.items.key);
`;

describeInBrowser('persistent in a browser', (openPage) => {
  it('a persistent client in a browser continues within 20 seconds after the connection died silently', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const browser = await openPage();
    const log = logOf(browser);
    await openOn(browser, network.url, '<!doctype html>', await bundle(page(network.url), 'browser'));
    await browser.addScriptTag({ url: '/page.js', type: 'module' });
    await server.map.insert({ key: 'before', value: 1 });
    expect(await log.next()).toMatchObject({ value: 'before' });

    network.swallow();
    const diedAt = performance.now();
    await server.map.insert({ key: 'after', value: 1 });
    expect(await log.next()).toMatchObject({ value: 'after' });
    expect(performance.now() - diedAt).toBeLessThan(20_000);
  });
});
