import axe from 'axe-core';
import { expect, it } from 'vitest';
import { barriers } from '../support/browser/barriers.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';

const OPEN = '{"path":"/status","eq":"open"}';
const order = (key: string, status: string) => ({ key, value: { status } });

async function startWithOrders() {
  const server = await startWithConsole();
  await server.map.insertMany([order('a/1', 'open'), order('a/2', 'closed'), order('b/1', 'open')]);
  return server;
}

describeInBrowser('The console with a filter on values', (openPage) => {
  it('rows come and go as their values begin and cease to match the filter', async () => {
    const server = await startWithOrders();
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await page.getByLabel('Where (JSON)').fill(OPEN);
    await shown.row('a/2').waitFor({ state: 'detached' });
    expect(await shown.keys()).toEqual(['b/1', 'a/1']);
    await page.getByText('2 of 3 items').waitFor();

    await server.map.insertMany([order('a/2', 'open'), order('b/1', 'closed'), order('c/1', 'closed')]);
    await shown.row('a/2').waitFor();
    await shown.row('b/1').waitFor({ state: 'detached' });
    expect(await shown.keys()).toEqual(['a/2', 'a/1']);

    await page.getByLabel('Key prefix').fill('b/');
    await page.getByText('No value matches the filter under a key that starts with “b/”.').waitFor();
    await page.getByLabel('Where (JSON)').fill('');
    await shown.row('b/1').waitFor();
  });

  it('a wrong filter is explained while it is typed, and the rows of the last right one stay', async () => {
    const server = await startWithOrders();
    const page = await openPage();
    await page.addInitScript(axe.source);
    const shown = await ConsolePage.loaded(page, server.url);
    const where = page.getByLabel('Where (JSON)');
    const problem = page.locator('.where-problem');
    await where.fill(OPEN);
    await shown.row('a/2').waitFor({ state: 'detached' });
    for (const [text, words] of [
      ['{"path":"/status"', 'This is not valid JSON'],
      ['{"path":"status","eq":"open"}', 'path: '],
      ['{"path":"/status","equals":"open"}', 'unknown member "equals": use path, eq, ne'],
      ['{"path":"/price","lt":true}', 'lt: must be a number or a string'],
      ['{"and":[{"eq":12345678901234567891}]}', '12345678901234567891 can’t be kept exactly'],
      ['5', 'must be a filter'],
    ] as const) {
      await where.fill(text);
      await problem.getByText(words).waitFor();
      expect(await where.getAttribute('aria-invalid')).toBe('true');
      await server.map.insert(order('a/3', text));
      await shown.rendered();
      expect(await shown.keys()).toEqual(['b/1', 'a/1']);
    }
    expect(await barriers(page)).toEqual([]);
    await where.fill('{"path":"/status","ne":"open"}');
    await shown.row('a/3').waitFor();
    expect(await shown.keys()).toEqual(['a/3', 'a/2']);
    expect(await problem.innerText()).toBe('');
  });

  it('the address remembers both filters, also a wrong one', async () => {
    const server = await startWithOrders();
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await page.getByLabel('Key prefix').fill('a/');
    await page.getByLabel('Where (JSON)').fill(OPEN);
    await page.getByText('1 of 3 items').waitFor();
    await page.reload();
    await shown.seam().waitFor();
    expect(await shown.keys()).toEqual(['a/1']);
    expect(await page.getByLabel('Where (JSON)').inputValue()).toBe(OPEN);

    await page.getByLabel('Where (JSON)').fill('{"eq');
    await page.reload();
    await shown.seam().waitFor();
    await page.locator('.where-problem').getByText('This is not valid JSON').waitFor();
    expect(await shown.keys()).toEqual(['a/2', 'a/1']);

    for (const name of ['Key prefix', 'Where (JSON)']) await page.getByLabel(name).fill('');
    await page.getByText('3 items, newest first').waitFor();
    expect(new URL(page.url()).hash).toBe('');
  });
});
