import { expect, it } from 'vitest';
import { InsertItemDocument, RemoveItemDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser, openOn } from '../support/browser/browser.ts';
import { ask } from '../support/clients/clients.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { bundle } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';

const page = (url: string): string => `
  import { createClient } from 'graphql-ws';
  import { StrictMode, useState } from 'react';
  import { createRoot } from 'react-dom/client';
  import { useItems } from 'seamline/client/react';

  const client = createClient({
    url: ${JSON.stringify(url.replace('http', 'ws'))},
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 10)),
  });

  function List({ id }: { id: string }) {
    const { items, isLoaded } = useItems(client, { filter: {} });
    return <p id={id}>{isLoaded ? [...items.keys()].join(' ') : 'loading'}</p>;
  }

  window.renders = [];
  function State() {
    const { items, status, error } = useItems(client, { filter: {} });
    const code = error === undefined ? 'none' : String(error.code);
    window.renders.push([status, code, items.size].join(' '));
    return <p id="state">{[status, ...items.keys()].join(' ')}</p>;
  }

  function App() {
    const [shown, show] = useState<readonly string[]>(['first']);
    window.show = show;
    return shown.map((id) => (id === 'state' ? <State key={id} /> : <List key={id} id={id} />));
  }

  createRoot(document.body.appendChild(document.createElement('main'))).render(<StrictMode><App /></StrictMode>);
`;

declare global {
  var show: (ids: readonly string[]) => void;
  var renders: string[];
}

describeInBrowser('useItems in React’s strict mode', (openPage) => {
  it('useItems gives each component the whole map by one subscription, also when mounted later or again, or after a cut', async () => {
    const server = await startServer();
    const insert = (key: string) => ask(server, InsertItemDocument, { input: { key, value: 1 } });
    const network = await networkTo(server.url);
    const browser = await openPage();
    const text = (id: string, expected: string) =>
      browser.locator(`#${id}`, { hasText: new RegExp(`^${expected}$`) }).waitFor();
    const subscriptions = async (): Promise<number> => {
      const metrics = await (await fetch(new URL('/metrics', server.url))).text();
      return Number(/^seamline_subscriptions\{transport="websocket"\} (\d+)$/m.exec(metrics)?.[1]);
    };

    for (const key of ['a', 'b']) await insert(key);
    await openOn(browser, network.url, '<!doctype html>', await bundle(page(network.url), 'browser'));
    await browser.addScriptTag({ url: '/page.js', type: 'module' });
    await text('first', 'a b');

    await insert('c');
    await text('first', 'a b c');
    await browser.evaluate(() => globalThis.show(['first', 'second']));
    await text('second', 'a b c');

    await ask(server, RemoveItemDocument, { key: 'a' });
    for (const id of ['first', 'second']) await text(id, 'b c');

    await browser.evaluate(() => globalThis.show(['second']));
    await insert('d');
    await text('second', 'b c d');
    await browser.evaluate(() => globalThis.show(['second', 'first']));
    await text('first', 'b c d');
    expect(await subscriptions()).toBe(1);

    network.cut();
    await network.refusal();
    await insert('e');
    network.mend();
    for (const id of ['first', 'second']) await text(id, 'b c d e');
    expect(await subscriptions()).toBe(1);

    await browser.evaluate(() => globalThis.show([]));
    await browser.locator('#first').waitFor({ state: 'detached' });
    await browser.evaluate(() => globalThis.show(['third']));
    await text('third', 'b c d e');
  });

  it('useItems keeps the items of a dead server, says reconnecting, and renders only when the status changes', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const browser = await openPage();
    const state = (expected: string) => browser.locator('#state', { hasText: new RegExp(`^${expected}$`) }).waitFor();
    const insert = (key: string) => ask(server, InsertItemDocument, { input: { key, value: 1 } });
    await insert('a');
    await openOn(browser, network.url, '<!doctype html>', await bundle(page(network.url), 'browser'));
    await browser.addScriptTag({ url: '/page.js', type: 'module' });
    await browser.evaluate(() => globalThis.show(['state']));
    await state('live a');

    let attempts = 0;
    browser.on('websocket', () => attempts++);
    network.cut();
    await state('reconnecting a');
    await expect.poll(() => attempts, { timeout: 30_000 }).toBeGreaterThan(5);
    await insert('b');
    network.mend();
    await state('live a b');
    // In strict mode React renders twice.
    const renders = await browser.evaluate(() => globalThis.renders);
    const changes = renders.filter((line, at) => line !== renders[at - 1]);
    expect(changes.slice(-3)).toEqual(['live none 1', 'reconnecting 1006 1', 'live none 2']);
    expect(renders.filter((line) => line.startsWith('reconnecting')).length).toBeLessThanOrEqual(2);
  });
});
