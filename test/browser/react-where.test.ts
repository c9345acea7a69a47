import { expect, it } from 'vitest';
import { ItemChangesDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser, openOn } from '../support/browser/browser.ts';
import { reconnectingClient } from '../support/clients/clients.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { bundle } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';

const OPEN = { where: { path: '/status', eq: 'open' } };

const page = (url: string): string => `
  import { createClient } from 'graphql-ws';
  import { StrictMode } from 'react';
  import { createRoot } from 'react-dom/client';
  import { useItems } from 'seamline/client/react';

  const client = createClient({
    url: ${JSON.stringify(url.replace('http', 'ws'))},
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 10)),
  });

  function Orders() {
    const { items, status, repairs, missed } = useItems(client, { filter: ${JSON.stringify(OPEN)} });
    window.held = { cursors: [...items.values()].map(({ key, cursor }) => [key, cursor]), repairs, missed };
    return <p id="orders">{[status, ...items.keys()].join(' ')}</p>;
  }

  createRoot(document.body.appendChild(document.createElement('main'))).render(<StrictMode><Orders /></StrictMode>);
`;

interface Held {
  readonly cursors: readonly (readonly [key: string, cursor: string])[];
  readonly repairs: number;
  readonly missed: number;
}

declare global {
  var held: Held;
}

/** The sum of FNV-1a-32 of each key and cursor, as the guarantees define it. */
function checksumOf(cursors: Held['cursors']): string {
  let sum = 0;
  for (const [key, cursor] of cursors) {
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(`${key}\n${cursor}`)) hash = Math.imul(hash ^ byte, 0x01000193);
    sum = (sum + hash) >>> 0;
  }
  return sum.toString(16).padStart(8, '0');
}

/** What the server says of the items that match. */
function provenBy(url: string): Promise<{ size: number; checksum: string }> {
  const query = String(ItemChangesDocument);
  return new Promise((resolve, reject) => {
    reconnectingClient(url).subscribe<{ itemChanges: { caughtUp: boolean; size: number; checksum: string } }>(
      { query, variables: { filter: OPEN } },
      {
        next: ({ data }) => data?.itemChanges.caughtUp === true && resolve(data.itemChanges),
        error: reject,
        complete() {},
      },
    );
  });
}

describeInBrowser('useItems with a filter on values', (openPage) => {
  it('a list gains and loses rows as their values change, through a cut, and its size and checksum equal the server’s', async () => {
    const server = await startServer();
    const order = (key: string, status: string) => server.map.insert({ key, value: { status } });
    const network = await networkTo(server.url);
    const browser = await openPage();
    const shows = (expected: string) => browser.locator('#orders', { hasText: new RegExp(`^${expected}$`) }).waitFor();
    const isProven = async (): Promise<void> => {
      const { cursors, repairs, missed } = await browser.evaluate(() => globalThis.held);
      const { size, checksum } = await provenBy(server.url);
      expect({ size: cursors.length, checksum: checksumOf(cursors), repairs, missed }).toEqual({
        size,
        checksum,
        repairs: 0,
        missed: 0,
      });
    };

    await order('a', 'open');
    await order('b', 'closed');
    await openOn(browser, network.url, '<!doctype html>', await bundle(page(network.url), 'browser'));
    await browser.addScriptTag({ url: '/page.js', type: 'module' });
    await shows('live a');
    await order('b', 'open');
    await shows('live a b');
    await order('a', 'closed');
    await shows('live b');
    await order('c', 'open');
    await shows('live b c');
    await isProven();

    network.cut();
    await network.refusal();
    await order('b', 'closed');
    await order('a', 'open');
    await server.map.remove('c');
    await order('d', 'closed');
    network.mend();
    await shows('live a');
    await order('d', 'open');
    await shows('live a d');
    await isProven();
  });
});
