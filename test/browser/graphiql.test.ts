import { expect, it } from 'vitest';
import { describeInBrowser, isolate } from '../support/browser/browser.ts';
import { startWithConsole } from '../support/browser/console.ts';
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

  it('GraphiQL opens with a tab for each example, and each of them runs as it is', async () => {
    const server = await startServer();
    const page = await openPage();
    const strangers = await isolate(page, server.url);
    const graphiql = await GraphiQL.open(page, server.url);
    expect(await graphiql.tabs()).toEqual(['Items', 'ItemChanges', 'Insert', 'Filter']);
    // The first tab says that it waits.
    await graphiql.editorShows('On an empty map this waits for the first item');
    await graphiql.select('ItemChanges');
    await graphiql.runSelected('"caughtUp": true');
    await graphiql.stop();
    await graphiql.select('Insert');
    await graphiql.runSelected('"insertItem"');
    expect(server.map.get('greeting')).toMatchObject({ value: { text: 'hello' } });
    for (const name of ['Items', 'Filter']) {
      await graphiql.select(name);
      expect(await graphiql.runSelected('"items"')).toContain('"greeting"');
      await graphiql.stop();
    }
    await page.reload();
    await graphiql.select('Insert');
    expect(await graphiql.tabs()).toEqual(['Items', 'ItemChanges', 'Insert', 'Filter']);
    expect(strangers).toEqual([]);
  });

  it('GraphiQL has the name of the server, and a link to the console', async () => {
    const server = await startWithConsole();
    const page = await openPage();
    await GraphiQL.open(page, server.url);
    expect(await page.title()).toBe('seamline GraphiQL');
    await page.locator('.graphiql-logo').getByText('seamline').waitFor();
    await page.getByRole('link', { name: 'Console' }).click();
    await page.getByRole('heading', { name: 'seamline' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
    await page.getByRole('link', { name: 'GraphiQL', exact: true }).click();
    await page.locator('.graphiql-editor').first().waitFor();
  });

  it('GraphiQL links to no console if the server has none', async () => {
    const server = await startServer({ console: false });
    const page = await openPage();
    await GraphiQL.open(page, server.url);
    expect(await page.getByRole('link', { name: 'Console' }).count()).toBe(0);
  });
});
