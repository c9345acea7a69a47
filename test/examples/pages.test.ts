/** The examples with a page: current and later items, also across a cut, and the reason of a refused insertion. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { InsertItemsDocument, ItemDocument, RemoveItemDocument } from '../../schema/documents/graphql.ts';
import { barriers } from '../support/browser/barriers.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ask } from '../support/clients/clients.ts';
import { openExample } from '../support/processes/examples.ts';

const inputs = (...keys: readonly string[]) => keys.map((key) => ({ key, value: `value of ${key}` }));

const keysOn = (page: Page): Promise<string[]> => page.locator('li b').allTextContents();

async function insertOn(page: Page, key: string, value: string): Promise<void> {
  await page.getByLabel('Key').first().fill(key);
  await page.getByLabel('Value').fill(value);
  await page.getByRole('button', { name: 'Insert' }).click();
}

const PAGES = ['apollo-react', 'urql-react', 'event-source'];

describeInBrowser('Examples with a page', (openPage) => {
  it.each(PAGES)('%s shows each item once and live, also across a cut (G1, G2, G4)', async (name) => {
    const page = await openPage();
    const example = await openExample(name, page);
    await page.getByRole('button', { name: 'Insert' }).waitFor();
    await ask(example, InsertItemsDocument, { inputs: inputs('a', 'b', 'c') });
    await page.getByText('value of c').waitFor();

    example.network.cut();
    await ask(example, RemoveItemDocument, { key: 'b' });
    await ask(example, InsertItemsDocument, { inputs: [...inputs('d'), { key: 'a', value: 'another' }] });
    await example.network.refusal();
    expect(await keysOn(page)).toEqual(['a', 'b', 'c']);
    example.network.mend();
    await page.getByText('another').waitFor();
    expect(await keysOn(page)).toEqual(['c', 'd', 'a']);
    expect(await page.locator('time').count()).toBe(3);

    example.signal('SIGTERM');
    expect(await example.exited).toEqual({ code: 0, stderr: '' });
  });

  it.each(PAGES)('%s shows why an insertion is refused, and inserts the next one', async (name) => {
    const page = await openPage();
    const example = await openExample(name, page);
    await insertOn(page, '', 'x');
    await page.getByRole('alert').filter({ hasText: 'must not be empty' }).waitFor();

    await ask(example, InsertItemsDocument, { inputs: inputs('taken') });
    await page.getByLabel('Only if').check();
    await insertOn(page, 'taken', 'mine');
    await page.getByRole('alert').filter({ hasText: 'key already exists' }).waitFor();

    await page.getByLabel('Only if').uncheck();
    await insertOn(page, 'taken', 'mine now');
    await page.getByText('mine now').waitFor();
    expect((await page.getByRole('alert').allTextContents()).join('')).toBe('');
    expect((await ask(example, ItemDocument, { key: 'taken' })).item?.value).toBe('mine now');
    expect(await keysOn(page)).toEqual(['taken']);
  });

  it.each(PAGES)('%s has no serious accessibility barrier in light and dark mode', async (name) => {
    const page = await openPage();
    await page.addInitScript(axe.source);
    const example = await openExample(name, page);
    await ask(example, InsertItemsDocument, { inputs: inputs('a') });
    await insertOn(page, '', 'x');
    await page.getByRole('alert').filter({ hasText: 'must not be empty' }).waitFor();
    await page.getByText('value of a').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await barriers(page)).toEqual([]);
    }
  });

  it('event-source survives a proxy whose server is down', async () => {
    const page = await openPage();
    const refused = page.waitForResponse((response) => response.status() === 502);
    await page.route(/graphql\?query/, (route) => route.fulfill({ status: 502 }), { times: 1 });
    const example = await openExample('event-source', page);
    await refused;
    await ask(example, InsertItemsDocument, { inputs: inputs('a') });
    await page.getByText('value of a').waitFor();
    expect(await page.getByText('value of a').count()).toBe(1);
  });
});
