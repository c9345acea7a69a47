import { expect, it } from 'vitest';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { describeInBrowser, logOf, openOn, PATIENCE_MS } from '../support/browser/browser.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { snippetFor } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';
import { replaced } from '../support/documents/replaced.ts';

describeInBrowser('EventSource', (openPage) => {
  it('EventSource gets exactly `limit` items across a cut, and doesn’t reconnect after `complete` (G8)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'first', value: 1 });
    const page = await openPage();
    const log = logOf(page);
    await openOn(
      page,
      network.url,
      replaced(snippetFor('EventSource', network.url, 'docs/clients.md'), 'items {', 'items(limit: 3) {'),
    );
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

  it('EventSource resumes on another server when its server drains, after the `retry` time (G2, G4, G9)', async () => {
    const log = memoryLog({ shared: true });
    const [server, next] = [await startServer({ log }), await startServer({ log })];
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'first', value: 1 });
    const page = await openPage();
    await openOn(page, network.url, snippetFor('EventSource', network.url, 'docs/clients.md'));
    await page.getByText('first: 1').waitFor();

    network.mend(next.url);
    await server.drain();
    await next.map.insert({ key: 'meanwhile', value: 2 });
    await page.getByText('meanwhile: 2').waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(['first: 1', 'meanwhile: 2']);
  });

  it(
    'sees exactly the uncut history over 20 cuts during writes (G2, G3, G4)',
    // Chromium waits 3 seconds before each reconnect.
    { timeout: 3 * PATIENCE_MS },
    async () => {
      const server = await startServer();
      const network = await networkTo(server.url);
      const written: string[] = [];
      const insert = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index++) {
          const item = { key: `k${written.length % 5}`, value: written.length };
          written.push(`${item.key}: ${item.value}`);
          await server.map.insert(item);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const page = await openPage();
      const shown = (count: number) =>
        page
          .locator('li')
          .nth(count - 1)
          .waitFor();
      await insert(3);
      await openOn(page, network.url, snippetFor('EventSource', network.url, 'docs/clients.md'));
      await shown(3);
      for (let cut = 0; cut < 20; cut++) {
        const writing = insert(10);
        await shown(written.length);
        network.cut();
        await writing;
        await insert(3);
        network.mend();
        await shown(written.length);
      }
      expect(await page.locator('li').allTextContents()).toEqual(written);
    },
  );
});
