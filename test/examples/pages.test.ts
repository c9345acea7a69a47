/** The examples with a page: what is there and what comes, over a cut, and why an insertion is refused. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { InsertItemsDocument, ItemDocument, RemoveItemDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser } from '../support/browser.ts';
import { ask } from '../support/clients.ts';
import { openExample } from '../support/examples.ts';

const inputs = (...keys: readonly string[]) => keys.map((key) => ({ key, value: `value of ${key}` }));

const keysOn = (page: Page): Promise<string[]> => page.locator('li b').allTextContents();

async function insertOn(page: Page, key: string, value: string): Promise<void> {
  await page.getByLabel('Key').first().fill(key);
  await page.getByLabel('Value').fill(value);
  await page.getByRole('button', { name: 'Insert' }).click();
}

describeInBrowser('Examples with a page', (openPage) => {
  it.each(['apollo-react'])('%s: live, over a cut too, with each item once (G1, G2, G4)', async (name) => {
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

  it.each(['apollo-react'])('%s: says why an insertion is refused, and inserts the next one', async (name) => {
    const page = await openPage();
    const example = await openExample(name, page);
    await insertOn(page, '', 'x');
    expect(await page.getByRole('alert').textContent()).toContain('must not be empty');

    await ask(example, InsertItemsDocument, { inputs: inputs('taken') });
    await page.getByLabel('Only if').check();
    await insertOn(page, 'taken', 'mine');
    await page.getByRole('alert').filter({ hasText: 'the key is there' }).waitFor();

    await page.getByLabel('Only if').uncheck();
    await insertOn(page, 'taken', 'mine now');
    await page.getByText('mine now').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect((await ask(example, ItemDocument, { key: 'taken' })).item?.value).toBe('mine now');
    expect(await keysOn(page)).toEqual(['taken']);
  });
});
