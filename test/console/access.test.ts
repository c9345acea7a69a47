import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { barriers } from '../support/browser/barriers.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';
import { SECRET } from '../support/server/tokens.ts';

describeInBrowser('Accessibility of the console', (openPage) => {
  const openWithAxe = async (): Promise<Page> => {
    const page = await openPage();
    // An init script, because the content security policy of the page allows no other script.
    await page.addInitScript(axe.source);
    // Without transitions, so that axe compares the final colours.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    return page;
  };

  it.each(['light', 'dark'] as const)(
    'the console has no serious accessibility barrier in %s mode, in any state',
    async (colorScheme) => {
      const server = await startWithConsole();
      await server.map.insertMany(Array.from({ length: 50 }, (_, n) => ({ key: `item ${n}`, value: { n } })));
      const page = await openWithAxe();
      await page.emulateMedia({ colorScheme });
      const shown = await ConsolePage.loaded(page, server.url);
      await server.map.insertMany(['new', 'item 3'].map((key) => ({ key, value: 1, ttl: 60 })));
      await shown.row('new').click();
      await shown.insert('', '{');
      await shown.insertion.locator('[aria-invalid="true"]').waitFor();
      expect(await barriers(page)).toEqual([]);
      await shown.click('Cut the connection');
      await shown.state('Cut');
      expect(await barriers(page)).toEqual([]);
      await shown.click('Resume');
      await shown.state('Nothing was lost');
      expect(await barriers(page)).toEqual([]);
    },
  );

  it.each(['light', 'dark'] as const)(
    'the token form has no serious accessibility barrier in %s mode',
    async (colorScheme) => {
      const server = await startWithConsole({ jwtSecret: SECRET });
      const page = await openWithAxe();
      await page.emulateMedia({ colorScheme });
      await ConsolePage.open(page, server.url);
      await page.getByRole('alert').waitFor();
      expect(await barriers(page)).toEqual([]);
    },
  );

  it('the console keeps the chosen colour scheme across a reload', async () => {
    const server = await startWithConsole();
    const page = await openPage();
    await page.emulateMedia({ colorScheme: 'light' });
    const shown = await ConsolePage.loaded(page, server.url);
    const scheme = (): Promise<string> =>
      page.locator('html').evaluate((html: unknown) => (html as { style: { colorScheme: string } }).style.colorScheme);
    await shown.click('Light or dark');
    expect(await scheme()).toBe('dark');
    await page.reload();
    await shown.seam().waitFor();
    expect(await scheme()).toBe('dark');
    await shown.click('Light or dark');
    expect(await scheme()).toBe('light');
  });

  it('the keyboard moves the selection through all rows, across the seam, and the grid announces the selected row', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(Array.from({ length: 500 }, (_, n) => ({ key: `item ${n}`, value: n })));
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await server.map.insert({ key: 'new', value: 1 });
    await shown.row('new').waitFor();
    expect(await shown.grid.getAttribute('aria-rowcount')).toBe('503');
    const selected = async (key: string): Promise<void> => {
      const row = shown.row(key).and(page.locator('[aria-selected="true"]'));
      await row.waitFor();
      const active = await shown.grid.getAttribute('aria-activedescendant');
      expect(await row.getAttribute('id')).toBe(active);
    };
    await shown.grid.focus();
    await page.keyboard.press('ArrowDown');
    await selected('new');
    await page.keyboard.press('ArrowDown');
    await selected('item 499');
    await page.keyboard.press('ArrowUp');
    await selected('new');
    await page.keyboard.press('End');
    await selected('item 0');
    await page.keyboard.press('ArrowUp');
    await selected('item 1');
    await page.keyboard.press('Home');
    await selected('new');
  });
});
