import { expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';

describeInBrowser('The console’s form', (openPage) => {
  it('the insert form inserts an item, and the subscription delivers its row', async () => {
    const server = await startWithConsole();
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.insert('typed', '{ "n": [1, 2] }', { ttl: '60' });
    await shown.row('typed').waitFor();
    expect(server.map.get('typed')).toMatchObject({ value: { n: [1, 2] } });
    expect(server.map.get('typed')?.expiresAt).toBeDefined();
    await shown.insertion.getByText('“typed” was inserted.').waitFor();
  });

  it.each([
    { field: 'Key', reason: 'must not be empty', key: '', value: '1' },
    { field: 'Key', reason: 'The key already exists.', key: 'there', value: '1', onlyIfAbsent: true },
    { field: 'Value (JSON)', reason: 'This is not valid JSON', key: 'a', value: '{ no' },
    { field: 'Value (JSON)', reason: 'can’t be null', key: 'a', value: 'null' },
    { field: 'Value (JSON)', reason: '9007199254740993 can’t be kept', key: 'a', value: '[9007199254740993]' },
    { field: 'Value (JSON)', reason: '1e400 can’t be kept', key: 'a', value: '[1e400]' },
    { field: 'Value (JSON)', reason: '1e-400 can’t be kept', key: 'a', value: '[1e-400]' },
    { field: 'Value (JSON)', reason: 'key.ttl: must be well-formed', key: 'a', value: '{"key":{"ttl":"\\ud800"}}' },
    { field: 'Value (JSON)', reason: 'Too large', key: 'a', value: JSON.stringify('x'.repeat(70_000)) },
    { field: 'Expires after (seconds)', reason: 'must be', key: 'a', value: '1', ttl: '0' },
    { field: 'Expires after (seconds)', reason: 'Enter whole seconds', key: 'a', value: '1', ttl: '1.5' },
  ])(
    'the insert form shows at the field "$field" why the server refused the item: $reason',
    async ({ field, reason, key, value, ...more }) => {
      const server = await startWithConsole();
      await server.map.insert({ key: 'there', value: 0 });
      const shown = await ConsolePage.loaded(await openPage(), server.url);
      await shown.insert(key, value, more);
      const input = shown.insertion.getByLabel(field, { exact: true });
      await input.and(shown.page.locator('[aria-invalid="true"]:focus')).waitFor();
      const reasonId = await input.getAttribute('aria-describedby');
      await shown.page.locator(`[id="${reasonId}"]`).filter({ hasText: reason }).waitFor();
      expect(server.map.replica.items.size).toBe(1);
    },
  );

  it('the insert form works while the connection is cut, and the row appears after the reconnect', async () => {
    const server = await startWithConsole();
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.click('Cut the connection');
    await shown.insert('meanwhile', '1');
    await shown.insertion.getByText('“meanwhile” was inserted.').waitFor();
    expect(await shown.keys()).toEqual([]);
    await shown.click('Resume');
    await shown.state('1 change happened while the page was disconnected');
    expect(await shown.keys()).toEqual(['meanwhile']);
  });

  it('the details panel shows an item, copies it to the form, and removes it after a confirmation', async () => {
    const server = await startWithConsole();
    await server.map.insert({ key: 'a', value: { text: 'before' } });
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.row('a').click();
    const details = shown.page.getByRole('region', { name: 'a', exact: true });
    await details.getByText(server.map.get('a')?.cursor ?? 'none').waitFor();
    await shown.click('Edit');
    const value = shown.insertion.getByLabel('Value (JSON)');
    expect(await value.inputValue()).toContain('"before"');
    await value.fill('{ "text": "after" }');
    await shown.click('Save');
    await details.getByLabel('Value').filter({ hasText: 'after' }).waitFor();

    await shown.click('Remove');
    await shown.click('Confirm removal');
    await shown.row('a').waitFor({ state: 'detached' });
    expect(server.map.replica.items.size).toBe(0);
    await details.getByText('This item is no longer in the map.').waitFor();
  });
});
