import { expect, it } from 'vitest';
import { StreamDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser, isolate } from '../support/browser/browser.ts';
import { ask } from '../support/clients/clients.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';

describeInBrowser('The console', (openPage) => {
  it('the console shows current items newest first, and later insertions and removals above the seam (G1)', async () => {
    const server = await startWithConsole();
    for (const key of ['a', 'b', 'c']) await server.map.insert({ key, value: { is: key } });
    const page = await openPage();
    const strangers = await isolate(page, server.url);
    const shown = await ConsolePage.loaded(page, server.url);
    expect(await shown.keys()).toEqual(['c', 'b', 'a']);
    expect(await shown.row('b').innerText()).toContain('{"is":"b"}');

    await server.map.insert({ key: 'd', value: 1 });
    await server.map.insert({ key: 'a', value: 2 });
    await shown.seam('2 changes since').waitFor();
    expect(await shown.keys()).toEqual(['a', 'd', 'c', 'b']);
    // Line 1 is the table head, and the seam is below the two new rows.
    expect(await shown.seam().getAttribute('aria-rowindex')).toBe('4');
    await shown.seam('3 items at load').waitFor();

    await server.map.remove('b');
    await shown.row('b').waitFor({ state: 'detached' });
    expect(await shown.keys()).toEqual(['a', 'd', 'c']);
    expect(strangers).toEqual([]);
  });

  it('the overview shows the size, the head and the checksum of the server', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(['a', 'b'].map((key) => ({ key, value: 1 })));
    const page = await openPage();
    await ConsolePage.loaded(page, server.url);
    const overview = page.getByRole('region', { name: 'Overview' });
    const { cursor, checksum } = (await ask(server, StreamDocument, {})).stream;
    await overview.getByText(String(checksum)).waitFor();
    await overview.getByTitle(cursor).waitFor();
    await overview.getByText('memory log').waitFor();
    expect(await overview.innerText()).toContain(checksum);
  });

  it('the prefix filter applies to current items and to later insertions', async () => {
    const server = await startWithConsole();
    for (const key of ['a/1', 'b/1', 'a/2']) await server.map.insert({ key, value: 1 });
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await page.getByLabel('Key prefix').fill('a/');
    await shown.row('b/1').waitFor({ state: 'detached' });
    await server.map.insertMany(['b/2', 'a/3'].map((key) => ({ key, value: 1 })));
    await shown.row('a/3').waitFor();
    expect(await shown.keys()).toEqual(['a/3', 'a/2', 'a/1']);
    await page.getByText('3 of 5 items').waitFor();
    await page.getByLabel('Key prefix').fill('');
    await shown.row('b/2').waitFor();
    expect(await shown.keys()).toEqual(['a/3', 'b/2', 'a/2', 'b/1', 'a/1']);
  });

  it('a visible row stays in place after scrolling while rows are added above it', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(Array.from({ length: 200 }, (_, n) => ({ key: `item ${n}`, value: n })));
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.grid.evaluate((element: unknown) => ((element as { scrollTop: number }).scrollTop = 2000));
    await shown.rendered();
    // Rows are 36 pixels high, and line 0 is the seam.
    const key = `item ${199 - 64}`;
    const before = await shown.row(key).boundingBox();
    await server.map.insertMany(Array.from({ length: 50 }, (_, n) => ({ key: `new ${n}`, value: n })));
    await shown.page.getByText('250 items').waitFor();
    await shown.rendered();
    expect(await shown.row(key).boundingBox()).toEqual(before);
  });
});
