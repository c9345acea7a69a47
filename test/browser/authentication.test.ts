import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, logOf, openOn } from '../support/browser/browser.ts';
import { GraphiQL } from '../support/browser/graphiql.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, secondsFromNow, sign } from '../support/server/tokens.ts';

describeInBrowser('GraphiQL of a server with authentication', (openPage) => {
  it('GraphiQL loads without a token, and shows that a token is missing', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const page = await openPage();
    const graphiql = await GraphiQL.open(page, server.url, '{ stream { engine } }');
    await graphiql.run();
    expect(await graphiql.shows('UNAUTHENTICATED')).toMatch(/authentication\srequired/);
  });

  it('GraphiQL runs queries and mutations with the token of its headers tab', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const page = await openPage();
    const document = 'mutation Insert { insertItem(input: { key: "typed", value: 1 }) { key } }';
    const graphiql = await GraphiQL.open(page, server.url, document);
    await typeHeaders(page, bearer(await sign()));
    await graphiql.run();
    await graphiql.shows('"typed"');
    expect(server.map.get('typed')).toMatchObject({ value: 1 });
  });

  it('GraphiQL runs subscriptions over WebSocket with the token of its headers tab', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    await server.map.insert({ key: 'before', value: 1 });
    const page = await openPage();
    const graphiql = await GraphiQL.open(page, server.url, 'subscription Items { items { key } }');
    await typeHeaders(page, { Authorization: `Bearer ${await sign()}` });
    const socket = page.waitForEvent('websocket');
    await graphiql.run();
    expect((await socket).url()).toBe(server.webSocketUrl);
    await graphiql.shows('"before"');
    await server.map.insert({ key: 'after', value: 2 });
    await graphiql.shows('"after"');
  });

  it('GraphiQL uses a changed token of its headers tab for the next subscription', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    await server.map.insertMany(['a:1', 'b:1'].map((key) => ({ key, value: 1 })));
    const page = await openPage();
    const graphiql = await GraphiQL.open(page, server.url, 'subscription Items { items(limit: 1) { key } }');
    await typeHeaders(page, bearer(await sign({ keyPrefix: 'a:' })));
    await graphiql.run();
    expect(await graphiql.shows('"a:1"')).not.toContain('"b:1"');
    await typeHeaders(page, bearer(await sign({ keyPrefix: 'b:' })));
    await graphiql.run();
    expect(await graphiql.shows('"b:1"')).not.toContain('"a:1"');
  });
});

async function typeHeaders(page: Page, headers: object): Promise<void> {
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines').last().click();
  await page.keyboard.press('ControlOrMeta+A');
  // The editor closes quotes and braces that are typed over a selection.
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(JSON.stringify(headers));
}

describeInBrowser('A cookie', (openPage) => {
  const signIn = async (page: Page, url: string, token: string): Promise<void> => {
    await page.context().addCookies([{ name: 'session', value: token, url, httpOnly: true, sameSite: 'Strict' }]);
  };

  it('a cookie authenticates EventSource, whose requests can’t have headers', async () => {
    const server = await startServer({ jwtSecret: SECRET, jwtCookie: 'session' });
    await server.map.insertMany(['a:1', 'b:1'].map((key) => ({ key, value: 1 })));
    const page = await openPage();
    await signIn(page, server.url, await sign({ keyPrefix: 'b:' }));
    const log = logOf(page);
    const query = encodeURIComponent('subscription { items { key } }');
    await openOn(
      page,
      server.url,
      '<script src="/page.js"></script>',
      `new EventSource('/graphql?query=${query}').addEventListener('next', ({ data }) => console.log(data));`,
    );
    expect((await log.next()).value).toBe('{"data":{"items":{"key":"b:1"}}}');
  });

  it('a cookie lets a WebSocket read, and not write', async () => {
    const server = await startServer({ jwtSecret: SECRET, jwtCookie: 'session' });
    await server.map.insert({ key: 'a', value: 1 });
    const page = await openPage();
    await signIn(page, server.url, await sign({ exp: secondsFromNow(600) }));
    const log = logOf(page);
    const script = `
      const socket = new WebSocket('${server.webSocketUrl}', 'graphql-transport-ws');
      const ask = (id, query) => socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query } }));
      socket.onopen = () => socket.send('{"type":"connection_init"}');
      socket.onmessage = ({ data }) => {
        const { type, id, payload } = JSON.parse(data);
        if (type === 'connection_ack') ask('read', '{ item(key: "a") { key } }');
        if (type === 'next') console.log(payload.data?.item?.key ?? payload.errors[0].extensions.code);
        if (type === 'complete' && id === 'read') ask('write', 'mutation { removeItem(key: "a") { key } }');
      };`;
    await openOn(page, server.url, '<script src="/page.js"></script>', script);
    expect((await log.next()).value).toBe('a');
    expect((await log.next()).value).toBe('FORBIDDEN');
    expect(server.map.get('a')).toMatchObject({ value: 1 });
  });
});
