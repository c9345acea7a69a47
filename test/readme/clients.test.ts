/** docs/clients.md, as a reader copies it. */
import { describe, expect, it } from 'vitest';
import { describeInBrowser, openOn } from '../support/browser/browser.ts';
import { transports } from '../support/clients/clients.ts';
import { type Network, networkTo } from '../support/sockets/proxy.ts';
import { bundle, complaintsAbout, linesOf, snippet, snippetFor } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';

const FILE = 'docs/clients.md';
/** Clients wait longer before each further attempt. */
const WITH_RECONNECTS = { timeout: 60_000 };

const moduleOf = (title: string, { url }: Network, platform: 'browser' | 'node'): Promise<string> =>
  bundle(snippetFor(title, url, FILE), platform);

describe('docs/clients.md', () => {
  it('the snippets pass a strict type check', async () => {
    const titles = [
      'graphql-ws',
      'graphql-sse',
      'React',
      'Mirror',
      'Apollo Client',
      'A plain HttpLink',
      'Raw `useSubscription`',
      'urql',
      'Graphcache',
    ];
    expect(await complaintsAbout(titles, FILE)).toBe('');
  });

  it('Resuming: the request and its result are as shown (G4, G8)', async () => {
    const server = await startServer();
    for (const key of ['a', 'b', 'c']) await server.map.insert({ key, value: 1 });
    const parts = [...snippet('Resuming', FILE).matchAll(/^(\w+) +extensions: (.*)$/gm)];
    const [asked, said] = parts.map(([, , json = '']) => JSON.parse(json) as Record<string, unknown>);
    const after = server.map.get('a')?.cursor;
    for (const transport of transports) {
      const extensions = { ...asked, after };
      const feed = transport.subscribe(server, 'subscription { items { key } }', {}, extensions);
      const { data, extensions: got = {} } = (await feed.next())!;
      expect(data).toEqual({ items: { key: 'b' } });
      expect(got).toEqual({ ...said, cursor: server.map.get('b')?.cursor, left: Number(asked?.['limit']) - 1 });
    }
  });

  it.each(['graphql-ws', 'graphql-sse', 'urql'])(
    '%s resumes after a disconnect, and reports when it starts over (G1, G2, G4)',
    WITH_RECONNECTS,
    async (title) => {
      const [server, another] = [await startServer(), await startServer()];
      const network = await networkTo(server.url);
      await server.map.insert({ key: 'before', value: 1 });
      await another.map.insert({ key: 'elsewhere', value: 4 });
      const lines = linesOf(await moduleOf(title, network, 'node'));
      expect((await lines.next()).value).toBe('before 1');

      network.cut();
      await server.map.insert({ key: 'meanwhile', value: 2 });
      await network.refusal();
      network.mend();
      expect((await lines.next()).value).toBe('meanwhile 2');

      network.cut();
      network.mend(another.url);
      expect((await lines.next()).value).toBe('starts over');
      expect((await lines.next()).value).toBe('elsewhere 4');
    },
  );

  it('A plain HttpLink resumes after a disconnect (G1, G2, G4)', WITH_RECONNECTS, async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'before', value: 1 });
    const lines = linesOf(await moduleOf('A plain HttpLink', network, 'node'));
    expect((await lines.next()).value).toBe('before 1');
    network.cut();
    await server.map.insert({ key: 'meanwhile', value: 2 });
    await network.refusal();
    network.mend();
    expect((await lines.next()).value).toBe('meanwhile 2');
  });

  it('Graphcache updates the list after insertions and removals (G11)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    for (const key of ['a', 'b']) await server.map.insert({ key, value: 1 });
    const lines = linesOf(await moduleOf('Graphcache', network, 'node'));
    // Not with for await: leaving the loop would end the lines.
    const shows = async (list: string): Promise<void> => {
      let line = await lines.next();
      while (line.done !== true && line.value !== list) line = await lines.next();
      expect(line.value).toBe(list);
    };
    await shows('a b');
    await server.map.insert({ key: 'c', value: 1 });
    await shows('a b c');
    await server.map.remove('a');
    await shows('b c');
  });

  it('Mirror: the map holds the keys that the filter selects', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    for (const key of ['room/1', 'hall/1', 'room/2']) await server.map.insert({ key, value: 1 });
    const lines = linesOf(await moduleOf('Mirror', network, 'node'));
    expect((await lines.next()).value).toBe('room/1: 1, room/2: 1');
    await server.map.remove('room/2');
    expect((await lines.next()).value).toBe('room/1: 1');
  });
});

describeInBrowser('docs/clients.md in a browser', (openPage) => {
  it('React shows current and later items, also after a disconnect', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'before', value: { text: 'β' } });
    const page = await openPage();
    await openOn(page, network.url, PAGE, await moduleOf('React', network, 'browser'));
    await page.getByText('β').waitFor();
    network.cut();
    await server.map.insert({ key: 'meanwhile', value: { text: 'γ' } });
    await network.refusal();
    network.mend();
    await page.getByText('γ').waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(['β', 'γ']);
  });
});

describeInBrowser('docs/clients.md, Apollo Client in a browser', (openPage) => {
  it('Apollo Client updates a list after insertions and removals, also after a disconnect (G11)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    for (const key of ['a', 'b']) await server.map.insert({ key, value: 1 });
    const page = await openPage();
    await openOn(page, network.url, PAGE, await moduleOf('Apollo Client', network, 'browser'));
    await page.getByText('b: 1').waitFor();
    await server.map.insert({ key: 'c', value: 1 });
    await page.getByText('c: 1').waitFor();
    network.cut();
    await server.map.remove('a');
    await server.map.insert({ key: 'b', value: 2 });
    await network.refusal();
    network.mend();
    await page.getByText('b: 2').waitFor();
    expect(await page.locator('p').allTextContents()).toEqual(['c: 1', 'b: 2']);
  });

  it('a second raw subscription gets the whole snapshot, because deduplication is off (G1)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    for (const key of ['a', 'b']) await server.map.insert({ key, value: 1 });
    const page = await openPage();
    await openOn(page, network.url, PAGE, await moduleOf('Raw `useSubscription`', network, 'browser'));
    await page.getByText('a b', { exact: true }).waitFor();
    await page.getByRole('button').click();
    await expect.poll(() => page.locator('p').allTextContents()).toEqual(['a b', 'a b']);
  });
});

const PAGE = '<!doctype html><body></body><script type="module" src="/page.js"></script>';
