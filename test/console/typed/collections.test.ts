/** The console of a server with two typed collections. */
import axe from 'axe-core';
import { expect, it } from 'vitest';
import { barriers } from '../../support/browser/barriers.ts';
import { describeInBrowser, isolate } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console.ts';
import { order, quote, startTyped } from '../../support/browser/typed-console.ts';
import { mapOf } from '../../support/server/collections.ts';
import { SECRET, sign } from '../../support/server/tokens.ts';

describeInBrowser('The console of a server with two collections', (openPage) => {
  it('the switch shows the other collection with its columns, and the address keeps the choice', async () => {
    const server = await startTyped();
    await mapOf(server, 'quotes').insertMany([quote('IBM', 1.5, 'NYSE'), quote('ACME', 2)]);
    await mapOf(server, 'orders').insert(order(7, [{ product: 'bolt', count: 2 }]));
    const page = await openPage();
    const strangers = await isolate(page, server.url);
    const shown = await ConsolePage.loaded(page, server.url);
    const columns = () => shown.grid.getByRole('columnheader').allInnerTexts();
    const cells = (key: string) => shown.row(key).getByRole('gridcell').allInnerTexts();
    expect(await columns()).toEqual(['symbol', 'price', 'venue', 'Inserted', 'Expires']);
    expect((await cells('IBM')).slice(0, 3)).toEqual(['IBM', '1.5', 'NYSE']);
    expect((await cells('ACME')).slice(0, 3)).toEqual(['ACME', '2', '–']);

    await page.getByLabel('Collection').selectOption('orders');
    await shown.row('7').waitFor();
    expect(await columns()).toEqual(['number', 'lines', 'note', 'Inserted', 'Expires']);
    expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('collection')).toBe('orders');
    expect(await shown.keys()).toEqual(['7']);
    await page.reload();
    await shown.row('7').waitFor();
    expect(await page.getByLabel('Collection').inputValue()).toBe('orders');

    await page.getByLabel('Collection').selectOption('quotes');
    await shown.row('IBM').waitFor();
    expect(await shown.keys()).toEqual(['ACME', 'IBM']);
    expect(strangers).toEqual([]);
  });

  it('only insertions and removals of the shown collection arrive, and the checksum is that of the server', async () => {
    const server = await startTyped();
    await mapOf(server, 'quotes').insert(quote('IBM', 1));
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await mapOf(server, 'orders').insert(order(7));
    await mapOf(server, 'quotes').insertMany([quote('IBM', 3), quote('ACME', 4)]);
    await shown.row('ACME').waitFor();
    await shown.row('IBM').getByText('3', { exact: true }).waitFor();
    await mapOf(server, 'quotes').remove('ACME');
    await shown.row('ACME').waitFor({ state: 'detached' });
    expect(await shown.keys()).toEqual(['IBM']);
    await page.getByText('equal to the server’s').waitFor();
  });

  it('a console works without introspection, and axe finds no barrier in it', async () => {
    const server = await startTyped({ introspection: false });
    await mapOf(server, 'quotes').insert(quote('IBM', 1, 'LSE'));
    const page = await openPage();
    await page.addInitScript(axe.source);
    const shown = await ConsolePage.loaded(page, server.url);
    expect(await barriers(page)).toEqual([]);
    await shown.row('IBM').click();
    await page.getByRole('region', { name: 'IBM' }).getByText('venue').waitFor();
    await page.getByText('Fields and types').click();
    expect(await barriers(page)).toEqual([]);
    // The other collection is empty.
    await page.getByLabel('Collection').selectOption('orders');
    await page.getByText('The map is empty.').waitFor();
    expect(await barriers(page)).toEqual([]);
    await shown.insertion.getByRole('button', { name: 'Insert' }).click();
    await shown.row('1').waitFor();
    expect(mapOf(server, 'orders').get('1')?.value).toMatchObject({ number: 1 });
  });

  it('a token whose scope names one collection shows it, and the other one says which scope is missing', async () => {
    const server = await startTyped({ jwtSecret: SECRET });
    await mapOf(server, 'orders').insert(order(7));
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await page.getByLabel('JSON Web Token').fill(await sign({ scope: 'orders:read' }));
    await shown.click('Use token');
    const refusal = page.getByRole('alert').filter({ hasText: 'Not allowed' });
    await refusal.waitFor();
    expect(await refusal.innerText()).toBe(
      'Not allowed: requires scope quotes:read. The token is valid, but doesn’t grant this scope.',
    );
    await page.getByLabel('Collection').selectOption('orders');
    await shown.row('7').waitFor();
    expect(await refusal.count()).toBe(0);
    await shown.insertion.getByLabel('Value (JSON)').fill('{ "number": 8 }');
    await shown.insertion.getByRole('button', { name: 'Insert' }).click();
    await shown.insertion.getByRole('alert').filter({ hasText: 'Not allowed: requires scope orders:write' }).waitFor();
  });
});
