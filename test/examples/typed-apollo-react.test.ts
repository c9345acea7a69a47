/** The example with an SDL file: a live list with a typed filter, also across a cut, and a form with a typed input. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { barriers } from '../support/browser/barriers.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { type Address, ask } from '../support/clients/clients.ts';
import { openExample } from '../support/processes/examples.ts';

const NAME = 'typed-apollo-react';
const INSERT = 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { id } }';
const REMOVE = 'mutation ($symbol: ID!) { removeQuote(symbol: $symbol) { key } }';
const QUOTE = 'query ($symbol: ID!) { quote(symbol: $symbol) { price venue } }';

const insert = (server: Address, symbol: string, price: number, venue: string | null = null) =>
  ask(server, INSERT, { input: { symbol, price, venue } });

const rowsOn = async (page: Page): Promise<string[]> => {
  const [symbols, values] = [page.locator('li b').allTextContents(), page.locator('li span').allTextContents()];
  const [names, texts] = [await symbols, await values];
  return names.map((name, at) => `${name} ${texts[at]}`.trim());
};

async function shows(page: Page, ...rows: readonly string[]): Promise<void> {
  await expect.poll(() => rowsOn(page), { timeout: 30_000 }).toEqual(rows);
}

async function insertOn(page: Page, symbol: string, price: string, venue = ''): Promise<void> {
  await page.getByLabel('Symbol').first().fill(symbol);
  await page.getByLabel('Price').fill(price);
  await page.getByLabel('Venue').selectOption(venue);
  await page.getByRole('button', { name: 'Insert' }).click();
}

describeInBrowser(`The example ${NAME}`, (openPage) => {
  it('typed-apollo-react shows each quote once and live, also across a cut (G1, G2, G4)', async () => {
    const page = await openPage();
    const example = await openExample(NAME, page);
    await insert(example, 'ACME', 120, 'NYSE');
    await insert(example, 'BOLT', 80);
    await shows(page, 'ACME 120.00 NYSE', 'BOLT 80.00');

    example.network.cut();
    await ask(example, REMOVE, { symbol: 'BOLT' });
    await insert(example, 'CORN', 9.5, 'LSE');
    await insert(example, 'ACME', 121, 'NYSE');
    await example.network.refusal();
    await shows(page, 'ACME 120.00 NYSE', 'BOLT 80.00');
    example.network.mend();
    await shows(page, 'CORN 9.50 LSE', 'ACME 121.00 NYSE');

    example.signal('SIGTERM');
    expect(await example.exited).toEqual({ code: 0, stderr: '' });
  });

  it('typed-apollo-react shows a quote as long as its price matches the filter', async () => {
    const page = await openPage();
    const example = await openExample(NAME, page);
    await insert(example, 'ACME', 120);
    await insert(example, 'BOLT', 80);
    await shows(page, 'ACME 120.00', 'BOLT 80.00');
    await page.getByLabel('At least').fill('100');
    await shows(page, 'ACME 120.00');
    await insert(example, 'BOLT', 101);
    await shows(page, 'ACME 120.00', 'BOLT 101.00');
    await insert(example, 'ACME', 130);
    await shows(page, 'BOLT 101.00', 'ACME 130.00');
    await insert(example, 'BOLT', 99);
    await shows(page, 'ACME 130.00');
    await page.getByLabel('At least').fill('');
    await shows(page, 'ACME 130.00', 'BOLT 99.00');
  });

  it('typed-apollo-react shows why an insertion is refused, and inserts the next one', async () => {
    const page = await openPage();
    const example = await openExample(NAME, page);
    await insertOn(page, '', '1');
    await page.getByRole('alert').filter({ hasText: 'must not be empty' }).waitFor();

    await insert(example, 'ACME', 120);
    await page.getByLabel('Only if').check();
    await insertOn(page, 'ACME', '1.5', 'LSE');
    await page.getByRole('alert').filter({ hasText: 'key already exists' }).waitFor();

    await page.getByLabel('Only if').uncheck();
    await insertOn(page, 'ACME', '1.5', 'LSE');
    await shows(page, 'ACME 1.50 LSE');
    expect((await page.getByRole('alert').allTextContents()).join('')).toBe('');
    expect(await ask(example, QUOTE, { symbol: 'ACME' })).toEqual({ quote: { price: 1.5, venue: 'LSE' } });
  });

  it('typed-apollo-react has no serious accessibility barrier in light and dark mode', async () => {
    const page = await openPage();
    await page.addInitScript(axe.source);
    const example = await openExample(NAME, page);
    await insert(example, 'ACME', 120, 'NYSE');
    await insertOn(page, '', '1');
    await page.getByRole('alert').filter({ hasText: 'must not be empty' }).waitFor();
    await shows(page, 'ACME 120.00 NYSE');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await barriers(page)).toEqual([]);
    }
  });
});
