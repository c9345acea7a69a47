import { expect, it } from 'vitest';
import { describeInBrowser, isolate } from '../support/browser/browser.ts';
import { GraphiQL } from '../support/browser/graphiql.ts';
import { startServer } from '../support/server/server.ts';

describeInBrowser('GraphiQL', (openPage) => {
  it('GraphiQL renders and loads the schema without a request to another host', async () => {
    const server = await startServer();
    const page = await openPage();
    const strangers = await isolate(page, server.url);
    await GraphiQL.open(page, server.url);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByRole('link', { name: 'Subscription', exact: true }).click();
    await page.locator('.graphiql-doc-explorer').getByRole('link', { name: 'itemChanges', exact: true }).waitFor();
    expect(strangers).toEqual([]);
  });

  it('GraphiQL runs a subscription over WebSocket, and shows current items, then insertions (G1)', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'before', value: { text: 'β' } });
    const page = await openPage();
    const strangers = await isolate(page, server.url);
    const socket = page.waitForEvent('websocket');
    const graphiql = await GraphiQL.open(page, server.url);
    await graphiql.type('subscription Typed { items { key value } }', 'Typed');
    await graphiql.run();
    expect((await socket).url()).toBe(server.webSocketUrl);
    await graphiql.shows('"before"');
    await server.map.insert({ key: 'after', value: 2 });
    await graphiql.shows('"after"');
    expect(strangers).toEqual([]);
  });
});
