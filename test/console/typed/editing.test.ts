/** Typed items that are inserted, edited, removed and filtered in the console. */
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { mayBeCut } from '../../../src/console/server/cut-values.ts';
import { barriers } from '../../support/browser/barriers.ts';
import { describeInBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console.ts';
import { order, quote, startTyped } from '../../support/browser/typed-console.ts';
import { mapOf, schemaFile } from '../../support/server/collections.ts';

const RECURSIVE = `
type Part @collection(key: "name") { name: ID! inside: Box boxes: [Box!] }
type Box { label: String inside: Box }
`;

/** So many boxes in each other. */
const nested = (levels: number): object =>
  levels === 1 ? { label: 'box 1' } : { label: `box ${levels}`, inside: nested(levels - 1) };

describeInBrowser('The console of a typed collection', (openPage) => {
  const open = async (server: Awaited<ReturnType<typeof startTyped>>, collection?: string) => {
    const page = await openPage();
    await page.addInitScript(axe.source);
    const shown = await ConsolePage.open(page, server.url);
    if (collection !== undefined) await page.getByLabel('Collection').selectOption(collection);
    await shown.state('');
    const insert = async (value: object): Promise<void> => {
      await shown.insertion.getByLabel('Value (JSON)').fill(JSON.stringify(value));
      await shown.insertion.getByRole('button', { name: /^(Insert|Save)$/ }).click();
    };
    return { page, shown, insert };
  };

  it('the form inserts an item, explains a refused one at its path, and saves an edited one', async () => {
    const server = await startTyped();
    const { page, shown, insert } = await open(server, 'orders');
    const field = shown.insertion.getByLabel('Value (JSON)');
    await insert({ number: 7, lines: [{ product: 'bolt' }, { product: 'nut', count: 1.5 }] });
    await shown.insertion.getByText('lines[1].count: Int cannot represent non-integer value: 1.5').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await barriers(page)).toEqual([]);
    await insert({ number: 7, lines: [{ product: 'bolt' }, { product: 'nut', count: 2 }] });
    await shown.row('7').waitFor();
    await shown.insertion.getByText('“7” was inserted.').waitFor();

    await shown.row('7').click();
    await shown.click('Edit');
    await page.getByRole('form', { name: 'Edit 7' }).waitFor();
    expect(JSON.parse(await field.inputValue())).toEqual({
      number: 7,
      lines: [{ product: 'bolt' }, { product: 'nut', count: 2 }],
    });
    await insert({ number: 7, note: 'urgent' });
    await shown.insertion.getByText('“7” was saved.').waitFor();
    await shown.row('7').getByText('urgent').waitFor();
    expect(mapOf(server, 'orders').get('7')?.value).toEqual({ number: 7, note: 'urgent' });
  });

  it('items with an Int key and with an ID key are removed', async () => {
    const server = await startTyped();
    await mapOf(server, 'orders').insertMany([order(7), order(-8)]);
    await mapOf(server, 'quotes').insert(quote('7', 1));
    const { page, shown } = await open(server, 'orders');
    await shown.row('-8').click();
    await shown.click('Remove');
    await shown.click('Confirm removal');
    await shown.row('-8').waitFor({ state: 'detached' });
    expect(mapOf(server, 'orders').replica.items.size).toBe(1);
    await page.getByLabel('Collection').selectOption('quotes');
    await shown.row('7').click();
    await shown.click('Remove');
    await shown.click('Confirm removal');
    await shown.row('7').waitFor({ state: 'detached' });
    expect(mapOf(server, 'quotes').get('7')).toBeUndefined();
    expect(mapOf(server, 'orders').get('7')).toBeDefined();
  });

  it('a filter of the collection’s type selects rows as they change, and a refused one is explained while its rows stay', async () => {
    const server = await startTyped();
    await mapOf(server, 'quotes').insertMany([quote('IBM', 10, 'NYSE'), quote('ACME', 20, 'LSE')]);
    const { page, shown } = await open(server);
    const where = page.getByLabel('Where (JSON)');
    const problem = page.locator('.where-problem');
    await where.fill('{"price":{"gt":15}}');
    await shown.row('IBM').waitFor({ state: 'detached' });
    await page.getByText('1 of 2 items').waitFor();
    await mapOf(server, 'quotes').insertMany([quote('IBM', 16), quote('ACME', 1)]);
    await shown.row('IBM').waitFor();
    await shown.row('ACME').waitFor({ state: 'detached' });
    for (const [text, words] of [
      ['{"price":{"gt":"high"}}', 'Float cannot represent'],
      ['{"cost":{"gt":1}}', '"cost"'],
      ['{"venue":{"eq":"TSE"}}', 'TSE'],
      ['{"price":{"eq":null}}', 'isNull'],
      ['[1]', 'an object'],
    ] as const) {
      await where.fill(text);
      await problem.getByText(words).waitFor();
      expect(await where.getAttribute('aria-invalid')).toBe('true');
      expect(await shown.keys()).toEqual(['IBM']);
    }
    expect(await barriers(page)).toEqual([]);
    await page.reload();
    await shown.row('ACME').waitFor();
    expect(await where.inputValue()).toBe('[1]');
    await where.fill('{"venue":{"isNull":true}}');
    await page.getByText('2 items, newest first').waitFor();
  });

  it('a value that may go deeper than the page shows can’t be edited, and one that doesn’t keeps all of its levels', async () => {
    const server = await startTyped({ schema: schemaFile(RECURSIVE) });
    const parts = mapOf(server, 'parts');
    await parts.insertMany([
      { key: 'deep', value: { name: 'deep', boxes: [nested(9)] } },
      { key: 'flat', value: { name: 'flat', inside: nested(4) } },
    ]);
    const { page, shown, insert } = await open(server);
    await shown.row('deep').click();
    const details = page.getByRole('region', { name: 'deep' });
    await details.getByText('may go deeper than what the page shows').waitFor();
    expect(await details.getByRole('button', { name: 'Edit' }).count()).toBe(0);
    await shown.row('flat').click();
    await shown.click('Edit');
    const field = shown.insertion.getByLabel('Value (JSON)');
    const value = JSON.parse(await field.inputValue()) as object;
    expect(value).toEqual({ name: 'flat', inside: nested(4) });
    await insert(value);
    await shown.insertion.getByText('“flat” was saved.').waitFor();
    expect(parts.get('flat')?.value).toEqual({ name: 'flat', inside: nested(4) });
  });
});

describe('mayBeCut', () => {
  const label = { name: 'label', type: { kind: 'scalar', name: 'String', isNullable: true } } as const;
  const cut = { kind: 'object', name: 'Box', isNullable: true, fields: [label], isCut: true } as const;
  const fields = [
    { name: 'whole', type: { kind: 'object', name: 'Box', isNullable: true, fields: [label] } },
    { name: 'box', type: cut },
    { name: 'boxes', type: { kind: 'list', isNullable: true, of: cut } },
  ] as const;

  it.each([
    { value: { whole: { label: 'a' }, box: null }, expected: false },
    { value: { boxes: [null] }, expected: false },
    { value: { box: { label: null } }, expected: true },
    { value: { boxes: [null, {}] }, expected: true },
  ])('a value may be cut where it has an object whose type is cut: $value', ({ value, expected }) => {
    expect(mayBeCut(fields, value)).toBe(expected);
  });
});
