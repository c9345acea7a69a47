/** Clients with typed documents in a browser, against a server of an SDL file. */
import { print } from 'graphql';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, openOn } from '../support/browser/browser.ts';
import type { TypedPage } from '../support/browser/typed-clients.ts';
import { type Address, ask } from '../support/clients/clients.ts';
import { bundle } from '../support/documents/readme.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { NodeProcess } from '../support/processes/node-processes.ts';
import { type Network, networkTo } from '../support/sockets/proxy.ts';
import { InsertQuoteDocument, RemoveQuoteDocument } from '../support/typed/documents/graphql.ts';

const SCHEMA = 'examples/typed-apollo-react/quotes.graphql';
const CLIENTS = ['apollo', 'urql', 'graphql-ws'];
const PATIENCE = { timeout: 60_000 };

declare global {
  var typed: TypedPage;
}

async function open(page: Page, name: string, { url }: Network): Promise<void> {
  const code = `
    import { typedClients } from './test/support/browser/typed-clients.ts';
    globalThis.typed = typedClients[${JSON.stringify(name)}](${JSON.stringify(url)});
  `;
  await openOn(page, url, '<!doctype html>', await bundle(code, 'browser'));
  await page.addScriptTag({ url: '/page.js', type: 'module' });
  await page.waitForFunction(() => 'typed' in globalThis);
}

const insert = (server: Address, symbol: string, price: number) =>
  ask(server, print(InsertQuoteDocument), { input: { symbol, price } });

describeInBrowser('Clients with typed documents', (openPage) => {
  it.each(CLIENTS)(
    '%s gets each quote once and in order, across cuts, a kill and a restart (G1, G2, G3, G4)',
    async (name) => {
      const node = await NodeProcess.start(['--data', temporaryDirectory()], ['--schema', SCHEMA]);
      const network = await networkTo(node.url);
      const page = await openPage();
      let next = 0;
      const insertSome = async (): Promise<void> => {
        for (let n = 0; n < 10; n++, next++) await insert(node, `S${next}`, next);
      };
      const count = () => page.evaluate(() => globalThis.typed.seen.length);
      const hasSeenAll = async (): Promise<void> => {
        await expect.poll(count, PATIENCE).toBeGreaterThanOrEqual(next);
      };
      const list = () => page.evaluate(() => globalThis.typed.list());
      const listsAll = async (): Promise<void> => {
        await expect.poll(list, PATIENCE).toEqual(Array.from({ length: next }, (_, n) => `S${n} ${n}`));
      };
      await insertSome();
      await open(page, name, network);
      await hasSeenAll();
      // The first page is a query of its own, which no client repeats after a cut.
      await listsAll();

      for (const restart of [undefined, () => node.kill(), () => node.drain()]) {
        network.cut();
        await insertSome();
        await restart?.();
        if (restart) await node.start();
        await insertSome();
        await network.refusal();
        network.mend();
        await insertSome();
        await hasSeenAll();
        // Without a cut, the server itself breaks the connection.
        await restart?.();
        if (restart) await node.start();
        await insertSome();
        await hasSeenAll();
      }
      const all = Array.from({ length: next }, (_, n) => n);
      expect(await page.evaluate(() => globalThis.typed.seen)).toEqual(all);
      await listsAll();
    },
  );

  it.each(CLIENTS)('%s has one state of each quote, which the list, the stream and the item share', async (name) => {
    const node = await NodeProcess.start([], ['--schema', SCHEMA]);
    const network = await networkTo(node.url);
    const page = await openPage();
    const requests: string[] = [];
    for (const symbol of ['A', 'B', 'C']) await insert(node, symbol, 1);
    await open(page, name, network);
    const lists = async (...lines: readonly string[]): Promise<void> => {
      await expect.poll(() => page.evaluate(() => globalThis.typed.list()), PATIENCE).toEqual(lines);
    };
    const one = (symbol: string) => page.evaluate((of) => globalThis.typed.one(of), symbol);
    await lists('A 1', 'B 1', 'C 1');
    page.on('request', (request) => requests.push(request.url()));

    await insert(node, 'A', 2);
    await insert(node, 'D', 1);
    await lists('B 1', 'C 1', 'A 2', 'D 1');
    await ask(node, print(RemoveQuoteDocument), { symbol: 'B' });
    await lists('C 1', 'A 2', 'D 1');
    if (name !== 'graphql-ws') {
      expect([await one('A'), await one('B'), await one('D')]).toEqual([2, null, 1]);
      const entities = () => page.evaluate(() => globalThis.typed.entities().toSorted());
      await expect.poll(entities, PATIENCE).toEqual(expect.arrayContaining(['Quote:A', 'Quote:C', 'Quote:D']));
      expect((await entities()).filter((id) => id !== 'Quote:B')).toHaveLength(3);
    }
    // The subscriptions brought all of it.
    expect(requests).toEqual([]);
  });
});
