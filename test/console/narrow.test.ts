import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { barriers } from '../support/browser/barriers.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';
import { SECRET, sign } from '../support/server/tokens.ts';

const SIZE = { width: 390, height: 844 };

interface Box {
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly textContent: string | null;
}

describeInBrowser('The console in a window of 390 pixels', (openPage) => {
  const openNarrow = async (): Promise<Page> => {
    const page = await openPage();
    await page.setViewportSize(SIZE);
    await page.addInitScript(axe.source);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    return page;
  };

  /** The texts that don’t fit into their element. Keys and values may be cut. */
  const cutTexts = (page: Page): Promise<(string | null)[]> =>
    page
      .locator('h1, h2, .note, .state, .label, .head > span, button, a, label, .time')
      .evaluateAll((elements: unknown[]) =>
        (elements as Box[])
          .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth)
          .map(({ textContent }) => textContent),
      );

  const box = async (page: Page, selector: string) => {
    const found = await page.locator(selector).first().boundingBox();
    if (!found) throw new Error(`${selector} is not visible`);
    return { ...found, right: found.x + found.width, bottom: found.y + found.height };
  };

  it('the empty map’s text is below the seam, and the page cuts no label', async () => {
    const server = await startWithConsole();
    const page = await openNarrow();
    await ConsolePage.loaded(page, server.url);
    const [seam, text] = [await box(page, '.row.seam'), await box(page, '.blank')];
    expect(text.y).toBeGreaterThanOrEqual(seam.bottom);
    expect(await cutTexts(page)).toEqual([]);
    expect(await barriers(page)).toEqual([]);
  });

  it('the page fits the window with a filter away from the edges, and the header has two rows', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    await server.map.insertMany(Array.from({ length: 999 }, (_, n) => ({ key: `item/${n}`, value: { n } })));
    const page = await openNarrow();
    const shown = await ConsolePage.open(page, server.url);
    await page.getByLabel('JSON Web Token').fill(await sign());
    await page.getByRole('button', { name: 'Use token' }).click();
    await shown.seam().waitFor();
    await server.map.insert({ key: 'a', value: 1 });
    await shown.row('a').waitFor();
    await shown.click('Pause');
    expect(await cutTexts(page)).toEqual([]);
    const root = await box(page, '.page');
    expect(root.width).toBe(SIZE.width);
    expect(await page.locator('html').evaluate((html: unknown) => (html as Box).scrollWidth)).toBe(SIZE.width);
    const [table, input] = [await box(page, '.table'), await box(page, '.filter input')];
    expect(input.x - table.x).toBeGreaterThanOrEqual(10);
    expect(table.right - input.right).toBeGreaterThanOrEqual(10);
    // A row of the header is 34 pixels high.
    expect((await box(page, '.header')).height).toBeLessThan(3 * 34 + 24);
    await shown.click('Cut the connection');
    await shown.state('Cut');
    expect((await box(page, '.header')).height).toBeLessThan(3 * 34 + 24);
    expect(await cutTexts(page)).toEqual([]);
  });

  it('details open in a sheet that has the focus, closes on Escape, and returns the focus to the table', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(['a', 'b'].map((key) => ({ key, value: { is: key } })));
    const page = await openNarrow();
    const shown = await ConsolePage.loaded(page, server.url);
    await shown.row('a').click();
    const sheet = page.getByRole('dialog', { name: 'a', exact: true });
    await sheet.getByLabel('Value').filter({ hasText: '"is": "a"' }).waitFor();
    const { y, bottom } = await box(page, 'dialog');
    expect(y).toBeGreaterThan(0);
    expect(bottom).toBe(SIZE.height);
    expect(await sheet.locator(':focus').count()).toBe(1);
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Tab');
      expect(await page.locator('aside :focus, main .table :focus').and(page.locator(':not(dialog *)')).count()).toBe(
        0,
      );
    }
    expect(await barriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    await shown.grid.and(page.locator(':focus')).waitFor();
  });

  it('the arrow keys move the selection without a sheet, and Enter opens it', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(['a', 'b'].map((key) => ({ key, value: 1 })));
    const page = await openNarrow();
    const shown = await ConsolePage.loaded(page, server.url);
    await shown.grid.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await shown.row('a').and(page.locator('[aria-selected="true"]')).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'a', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await shown.grid.and(page.locator(':focus')).waitFor();
  });

  it('Edit in the sheet closes it, and moves the focus to the form', async () => {
    const server = await startWithConsole();
    await server.map.insert({ key: 'a', value: { is: 'a' } });
    const page = await openNarrow();
    const shown = await ConsolePage.loaded(page, server.url);
    await shown.row('a').click();
    await shown.click('Edit');
    await page.getByRole('form', { name: 'Edit a' }).waitFor();
    await page.getByLabel('Value (JSON)').and(page.locator(':focus')).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    const { y, bottom } = await box(page, 'textarea');
    expect(y).toBeGreaterThan(0);
    expect(bottom).toBeLessThan(SIZE.height);
  });
});
