/** A page of a development server, which is of another origin than the server. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { describeInBrowser, logOf } from '../support/browser/browser.ts';
import { logLines } from '../support/server/log-lines.ts';
import { startServer } from '../support/server/server.ts';

/** Serves one page, and returns its URL. */
async function developmentServer(html: () => string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end(html());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/** Logs what the page gets over HTTP, SSE and WebSocket. */
const page = ({ url, webSocketUrl }: SeamlineServer): string => `<!doctype html><script type="module">
  const over = {
    http: () => fetch('${url}', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: 'mutation { insertItem(input: { key: "written", value: 1 }) { key } }' }),
    }).then(async (response) => (await response.json()).data.insertItem.key, () => 'blocked'),
    sse: () => new Promise((resolve) => {
      const source = new EventSource('${url}?query=' + encodeURIComponent('subscription { items { key } }'));
      const end = (result) => (source.close(), resolve(result));
      source.addEventListener('next', ({ data }) => end(JSON.parse(data).data.items.key));
      source.onerror = () => end('blocked');
    }),
    webSocket: () => new Promise((resolve) => {
      const socket = new WebSocket('${webSocketUrl}', 'graphql-transport-ws');
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('blocked');
    }),
  };
  const got = {};
  for (const [name, tell] of Object.entries(over)) got[name] = await tell();
  console.log(JSON.stringify(got));
</script>`;

describeInBrowser('A page of another origin', (openPage) => {
  it('a page of another origin gets nothing and writes nothing, until its origin is allowed by the flag that the log names', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    const refused = await developmentServer(() => page(server));
    const browser = await openPage();
    const said = logOf(browser);
    await browser.goto(refused);
    const blocked = { http: 'blocked', sse: 'blocked', webSocket: 'blocked' };
    expect(JSON.parse(String((await said.next()).value))).toEqual(blocked);
    expect(server.map.replica.head.position).toBe(0);
    expect(log.saying(/^refused/)).toMatchObject([
      { code: 'BAD_ORIGIN', msg: `refused: origin ${refused}; allow it with --allow-origin ${refused}` },
    ]);

    // The page needs an address before its server has one.
    let html = '';
    const origin = await developmentServer(() => html);
    const allowing = await startServer({ allowOrigins: [origin] });
    html = page(allowing);
    await browser.goto(origin);
    const open = { http: 'written', sse: 'written', webSocket: 'open' };
    expect(JSON.parse(String((await said.next()).value))).toEqual(open);
  });
});
