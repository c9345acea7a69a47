import { describe, expect, it } from 'vitest';
import { FlashLimit } from '../../src/console/feed/flash-limit.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';

/** Inserts about 1,800 items a second until `work` is done. Returns the number. */
async function whileWriting(server: SeamlineServer, work: () => Promise<void>): Promise<number> {
  let isOver = false;
  let count = 0;
  const writing = (async () => {
    while (!isOver) {
      await server.map.insertMany(Array.from({ length: 18 }, () => ({ key: `item ${count++ % 500}`, value: count })));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await work().finally(() => (isOver = true));
  await writing;
  return count;
}

describeInBrowser('The console at 1,800 changes a second', (openPage) => {
  it('Pause keeps the rows still while the figures go on, and Catch up shows all changes', async () => {
    const server = await startWithConsole();
    await server.map.insert({ key: 'first', value: 0 });
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    const rows = (): Promise<string> => shown.grid.locator('.body').innerText();
    const rowTexts = async (): Promise<string[]> =>
      shown.grid
        .locator('.row:not(.seam)')
        .evaluateAll((elements: unknown[]) =>
          (elements as { readonly innerText: string }[]).map(({ innerText }) => innerText),
        );
    const written = await whileWriting(server, async () => {
      await page.getByText('501 items').waitFor();
      const moving = await rows();
      await expect.poll(rows).not.toBe(moving);
      await shown.click('Pause');
      await page.getByText('not shown yet').waitFor();
      const still = await rowTexts();
      const figures = (): Promise<string> => page.getByText(/\d changes since$/).innerText();
      const before = await figures();
      // The figures go on.
      await expect.poll(figures).not.toBe(before);
      await page.getByText(/Paused: [1-9],\d{3} changes not shown yet/).waitFor();
      expect(await rowTexts()).toEqual(still);
    });
    await server.map.remove('first');
    await page.getByText(`${new Intl.NumberFormat('en').format(written + 1)} changes since`).waitFor();
    await shown.click('Catch up');
    await page.getByText('500 items, newest first').waitFor();
    expect((await shown.keys()).length).toBe(500);
    expect((await shown.keys())[0]).toBe(`item ${(written - 1) % 500}`);
  });

  it('no row flashes at a high rate, and a row flashes again after it', async () => {
    const server = await startWithConsole();
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    const flashing = shown.grid.locator('.row.new');
    await whileWriting(server, async () => {
      await page.getByText('500 items').waitFor();
      for (let look = 0; look < 20; look++) {
        expect(await flashing.count()).toBe(0);
        await shown.rendered();
      }
    });
    let tries = 0;
    await expect
      .poll(
        async () => {
          await server.map.insert({ key: `late ${++tries}`, value: 1 });
          await shown.row(`late ${tries}`).waitFor();
          return flashing.count();
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBeGreaterThan(0);
  });

  it('a filter that is entered during a pause shows the current items', async () => {
    const server = await startWithConsole();
    await server.map.insert({ key: 'a', value: 1 });
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.click('Pause');
    await server.map.insert({ key: 'b', value: 1 });
    await shown.page.getByText('Paused: 1 change not shown yet').waitFor();
    expect(await shown.keys()).toEqual(['a']);
    await shown.page.getByLabel('Key prefix').fill('b');
    await shown.row('b').waitFor();
    await shown.page.getByText('Paused: 0 changes not shown yet').waitFor();
    expect(await shown.keys()).toEqual(['b']);
  });
});

describe('FlashLimit', () => {
  it('FlashLimit admits a few changes a second, and none while there are many', () => {
    const limit = new FlashLimit();
    expect([0, 300, 600, 900].map((now) => limit.admits(1, now))).toEqual([true, true, true, true]);
    for (let now = 1000; now < 3000; now += 10) expect(limit.admits(18, now)).toBe(false);
    expect(limit.admits(1, 3500)).toBe(false);
    expect(limit.admits(1, 9000)).toBe(true);
  });
});
