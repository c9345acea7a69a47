import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';

const SIZE = { width: 1280, height: 800 };
const LONG = 'a long text '.repeat(40);
const NESTED = {
  lines: Array.from({ length: 60 }, (_, n) => ({ n, parts: [n, { deep: 'x'.repeat(200) }] })),
  note: LONG,
};

interface Box {
  readonly scrollWidth: number;
  readonly clientWidth: number;
}

interface Typing {
  readonly navigator: { readonly clipboard: { readText(): Promise<string> } };
}

describeInBrowser('The console’s details', (openPage) => {
  const openWide = async (items: readonly { readonly key: string; readonly value: unknown }[]) => {
    const server = await startWithConsole();
    await server.map.insertMany(items.map(({ key, value }) => ({ key, value })));
    const page = await openPage();
    await page.setViewportSize(SIZE);
    return { server, page, shown: await ConsolePage.loaded(page, server.url) };
  };

  const isInWindow = async (element: Locator): Promise<boolean> => {
    const box = await element.boundingBox();
    return box !== null && box.y >= 0 && box.y + box.height <= SIZE.height && box.x + box.width <= SIZE.width;
  };

  it('the details show a nested value in full, wrap long texts, and leave Insert in sight', async () => {
    const { page, shown } = await openWide([{ key: 'a', value: NESTED }]);
    await shown.row('a').click();
    const value = page.getByLabel('Value', { exact: true });
    expect(await value.textContent()).toBe(JSON.stringify(NESTED, undefined, 2));
    const { scrollWidth, clientWidth } = await value.evaluate((element: unknown) => {
      const { scrollWidth: content, clientWidth: room } = element as Box;
      return { scrollWidth: content, clientWidth: room };
    });
    expect(scrollWidth).toBe(clientWidth);
    for (const name of ['Insert', 'Edit', 'Remove', 'Copy value', 'Copy key'])
      expect(await isInWindow(page.getByRole('button', { name, exact: true }))).toBe(true);

    await shown.click('Enlarge');
    const sheet = page.getByRole('dialog', { name: 'a', exact: true });
    await sheet.waitFor();
    expect(await sheet.getByLabel('Value').textContent()).toContain(LONG);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'a', exact: true }).waitFor();
  });

  it('Edit moves the focus to the form and changes its title, also for the same item again', async () => {
    const { page, shown, server } = await openWide([{ key: 'a', value: NESTED }]);
    await shown.row('a').click();
    for (let round = 0; round < 2; round++) {
      await shown.click('Edit');
      await page.getByRole('form', { name: 'Edit a' }).waitFor();
      await page.getByLabel('Value (JSON)').and(page.locator(':focus')).waitFor();
      expect(await isInWindow(page.getByRole('button', { name: 'Save' }))).toBe(true);
      await shown.grid.focus();
    }
    await page.getByLabel('Value (JSON)').fill('{ "wrong": 1,');
    await shown.click('Save');
    const problem = shown.insertion.getByText('This is not valid JSON');
    await problem.waitFor();
    expect(await isInWindow(problem)).toBe(true);
    expect(await isInWindow(page.getByRole('button', { name: 'Save' }))).toBe(true);
    await page.getByLabel('Value (JSON)').fill('2');
    await shown.click('Save');
    await shown.insertion.getByText('“a” was saved.').waitFor();
    expect(server.map.get('a')).toMatchObject({ value: 2 });
    // With another key the item is a new one.
    await shown.insertion.getByLabel('Key', { exact: true }).fill('b');
    await page.getByRole('form', { name: 'Insert' }).waitFor();
  });

  it('the details copy the value and the key', async () => {
    const { page, shown } = await openWide([{ key: '  a\u202e b', value: { n: [1] } }]);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const copied = (): Promise<string> =>
      page.evaluate(() => (globalThis as unknown as Typing).navigator.clipboard.readText());
    await shown.grid.getByText('\\u202e').click();
    await shown.click('Copy value');
    await shown.state('Copied');
    expect(await copied()).toBe(JSON.stringify({ n: [1] }, undefined, 2));
    await shown.click('Copy key');
    await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
    expect(await copied()).toBe('  a\u202e b');
  });

  it('the table keeps spaces of keys, and escapes characters that reverse or hide text', async () => {
    const { page, shown } = await openWide([
      { key: '  two  spaces ', value: 1 },
      { key: 'abc\u202edef', value: 'x\u202ey' },
      { key: 'line\nbreak', value: 1 },
      { key: 'zero\u200bwidth', value: 1 },
      { key: 'שלום', value: 1 },
    ]);
    expect(await shown.keys()).toEqual([
      'שלום',
      'zero\\u200bwidth',
      'line\\u000abreak',
      'abc\\u202edef',
      '  two  spaces ',
    ]);
    // `innerText` shows spaces as they are rendered.
    expect(await shown.grid.locator('.key').last().innerText()).toBe('  two  spaces ');
    expect(await shown.grid.getByRole('row').filter({ hasText: 'abc' }).locator('.json').innerText()).toBe(
      '"x\\u202ey"',
    );
    const title = await shown.grid.locator('.key').nth(3).getAttribute('title');
    expect(title).toBe('abc\\u202edef');
    await shown.grid.getByText('\\u202e', { exact: true }).click();
    await page.getByRole('heading', { name: 'abc\\u202edef' }).waitFor();
    // The form shows the value in its escaped form, which is JSON of the same value.
    await shown.click('Edit');
    expect(JSON.parse(await page.getByLabel('Value (JSON)').inputValue())).toBe('x\u202ey');
  });

  it('a filter that is entered after scrolling shows its rows from the first', async () => {
    const { page, shown } = await openWide(
      Array.from({ length: 900 }, (_, n) => ({ key: `${n % 2 === 0 ? 'even' : 'odd'} ${n}`, value: n })),
    );
    await shown.grid.evaluate((element: unknown) => ((element as { scrollTop: number }).scrollTop = 15_000));
    await shown.rendered();
    await page.getByLabel('Key prefix').fill('odd');
    await page.getByText('450 of 900 items').waitFor();
    await shown.row('odd 899').waitFor();
    expect(await shown.grid.evaluate((element: unknown) => (element as { scrollTop: number }).scrollTop)).toBe(0);
  });
});
