import { describe, expect, it } from 'vitest';
import { describeInBrowser, logOf, openOn } from '../support/browser/browser.ts';
import { GraphiQL } from '../support/browser/graphiql.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { bundle, snippetFor } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';

const FILE = 'docs/clients.md';
const PAGE = '<!doctype html><script type="module" src="/page.js"></script>';
const GREETING = { key: 'greeting', value: { text: 'hello' } };

describeInBrowser('docs/clients.md in a browser', (openPage) => {
  it('GraphiQL shows the item that its mutation inserted, and then a later one (G1, G7)', async () => {
    const server = await startServer();
    const graphiql = await GraphiQL.open(await openPage(), server.url, snippetFor('GraphiQL', server.url, FILE));
    await graphiql.run('Insert');
    await graphiql.shows('"insertItem"');
    await graphiql.run('Items');
    expect(await graphiql.shows('"greeting"')).toContain('"hello"');
    await server.map.insert({ key: 'later', value: 1 });
    expect(await graphiql.shows('"later"')).not.toContain('"greeting"');
  });

  it('Apollo Client shows the current item, its own insertion, and a later one (G1, G2, G3)', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'before', value: 1 });
    const page = await openPage();
    const log = logOf(page);
    const code = snippetFor('Apollo Client without `seamline/client`', server.url, FILE);
    await openOn(page, server.url, PAGE, await bundle(code, 'browser'));
    expect((await log.next()).value).toMatchObject({ items: { id: 'before', key: 'before', value: 1 } });
    expect((await log.next()).value).toMatchObject({ items: GREETING });
    await server.map.insert({ key: 'after', value: [2] });
    expect((await log.next()).value).toMatchObject({ items: { key: 'after', value: [2] } });
  });

  describe('urql', () => {
    const TITLE = 'urql without `seamline/client`';

    it('urql shows the current item, its own insertion, and a later one (G6)', async () => {
      const server = await startServer();
      await server.map.insert({ key: 'before', value: 1 });
      const page = await openPage();
      const log = logOf(page);
      await openOn(page, server.url, PAGE, await bundle(snippetFor(TITLE, server.url, FILE), 'browser'));
      const before = ['before', 1];
      const greeting = [GREETING.key, GREETING.value];
      // The mutation may be faster than the subscription.
      await until(log, [before, greeting]);
      await server.map.insert({ key: 'after', value: [2] });
      expect((await log.next()).value).toEqual([before, greeting, ['after', [2]]]);
    });

    it('urql shows the changes of the time when it was disconnected, removals included (G6)', async () => {
      const server = await startServer();
      const network = await networkTo(server.url);
      await server.map.insert({ key: 'before', value: 1 });
      const page = await openPage();
      const log = logOf(page);
      await openOn(page, network.url, PAGE, await bundle(snippetFor(TITLE, network.url, FILE), 'browser'));
      await until(log, [
        ['before', 1],
        [GREETING.key, GREETING.value],
      ]);
      network.cut();
      await server.map.remove('before');
      await server.map.insert({ key: 'meanwhile', value: 2 });
      await network.refusal();
      network.mend();
      expect((await log.next()).value).toEqual([
        [GREETING.key, GREETING.value],
        ['meanwhile', 2],
      ]);
    });
  });

  describe('EventSource', () => {
    it('an EventSource shows current and later items, and resumes by itself without loss or repetition (G1, G2, G4)', async () => {
      const server = await startServer();
      const network = await networkTo(server.url);
      await server.map.insert({ key: 'before', value: { text: 'β' } });
      const page = await openPage();
      await openOn(page, network.url, snippetFor('EventSource', network.url, FILE));
      await page.getByText('before: {"text":"β"}').waitFor();
      await server.map.insert({ key: 'live', value: 1 });
      await page.getByText('live: 1').waitFor();

      network.cut();
      await server.map.insert({ key: 'meanwhile', value: 2 });
      await server.map.insert({ key: 'meanwhile', value: 3 });
      await network.refusal();
      network.mend();
      await page.getByText('meanwhile: 3').waitFor();
      await server.map.insert({ key: 'after', value: 4 });
      await page.getByText('after: 4').waitFor();
      expect(await page.locator('li').allTextContents()).toEqual([
        'before: {"text":"β"}',
        'live: 1',
        'meanwhile: 2',
        'meanwhile: 3',
        'after: 4',
      ]);
    });

    it('an EventSource starts over by itself when its server drains and the next server has another log (G4, G9)', async () => {
      const [server, another] = [await startServer(), await startServer()];
      const network = await networkTo(server.url);
      await server.map.insert({ key: 'before', value: 1 });
      await another.map.insert({ key: 'elsewhere', value: 2 });
      const page = await openPage();
      await openOn(page, network.url, snippetFor('EventSource', network.url, FILE));
      await page.getByText('before: 1').waitFor();
      network.mend(another.url);
      await server.drain();
      await page.getByText('elsewhere: 2').waitFor();
      await another.map.insert({ key: 'after', value: 3 });
      await page.getByText('after: 3').waitFor();
      expect(await page.locator('li').allTextContents()).toEqual(['elsewhere: 2', 'after: 3']);
    });
  });
});

/** Reads on until the page has logged `expected`. */
async function until(log: AsyncIterator<unknown>, expected: unknown): Promise<void> {
  let shown: unknown;
  do shown = (await log.next()).value;
  while (JSON.stringify(shown) !== JSON.stringify(expected));
}
