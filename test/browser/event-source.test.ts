import { expect, it } from 'vitest';
import { describeInBrowser, logOf, openOn } from '../support/browser.ts';
import { networkTo } from '../support/proxy.ts';
import { snippetFor } from '../support/readme.ts';
import { startServer } from '../support/server.ts';

describeInBrowser('EventSource', (openPage) => {
  it('gets exactly `limit` items across a cut, and stays away after `complete` (G8)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'first', value: 1 });
    const page = await openPage();
    const log = logOf(page);
    await openOn(page, network.url, snippetFor('EventSource', network.url).replace('items {', 'items(limit: 3) {'));
    await page.getByText('first: 1').waitFor();

    network.cut();
    for (const value of [2, 3, 4]) await server.map.insert({ key: 'meanwhile', value });
    const farewell = page.waitForResponse((response) => response.status() === 204);
    network.mend();
    expect((await log.next()).value).toBe('complete');
    await farewell;
    await page.waitForFunction('source.readyState === EventSource.CLOSED');
    expect(await page.locator('li').allTextContents()).toEqual(['first: 1', 'meanwhile: 2', 'meanwhile: 3']);
  });
});
