import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { overSse } from '../../support/clients/clients.ts';
import { JSON_BODY, urlOf } from '../../support/clients/requests.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';
import { openStream } from '../../support/clients/streams.ts';

const KEYS = 'subscription { items { key } }';
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

const insert = async (server: SeamlineServer, ...keys: string[]): Promise<void> => {
  for (const key of keys) await server.map.insert({ key, value: key });
};

/** The samples of `/metrics` by name and labels. */
async function metricsOf(server: SeamlineServer): Promise<Record<string, number>> {
  const text = await (await fetch(urlOf(server, '/metrics'))).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.replace(/^.* /, ''))]));
}

const connections = (transport: string): string => `seamline_connections{transport="${transport}"}`;
const subscriptions = (transport: string): string => `seamline_subscriptions{transport="${transport}"}`;

describe('/health and /ready', () => {
  it.each(['/health', '/ready', '/health?x=1'])('%s is 200 while the server runs', async (path) => {
    const response = await fetch(urlOf(await startServer(), path));
    expect(response.status).toBe(200);
  });

  it('other paths are answered with 404', async () => {
    const server = await startServer();
    for (const path of ['/nope', '/graphql/', '/health/x', '/metricsx'])
      expect((await fetch(urlOf(server, path))).status).toBe(404);
  });
});

describe('/metrics', () => {
  it('/metrics is Prometheus text with a help and a type for every name', async () => {
    const server = await startServer();
    const response = await fetch(urlOf(server, '/metrics'));
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    const text = await response.text();
    for (const [name, type] of [
      ['connections', 'gauge'],
      ['subscriptions', 'gauge'],
      ['items', 'gauge'],
      ['head_position', 'gauge'],
      ['inserts_total', 'counter'],
      ['deliveries_total', 'counter'],
      ['lagged_total', 'counter'],
      ['resets_total', 'counter'],
      ['evictions_total', 'counter'],
    ]) {
      expect(text).toContain(`# TYPE seamline_${name} ${type}\n`);
      expect(text).toMatch(new RegExp(`^# HELP seamline_${name} \\S`, 'm'));
      expect(text).toMatch(new RegExp(`^seamline_${name}(\\{.*\\})? \\d+$`, 'm'));
    }
    for (const name of ['nodejs_eventloop_lag_seconds', 'process_cpu_seconds_total', 'process_resident_memory_bytes'])
      expect(text).toContain(`# TYPE ${name} `);
    for (const transport of ['websocket', 'sse', 'multipart', 'http']) {
      expect(text).toContain(`${connections(transport)} `);
      expect(text).toContain(`${subscriptions(transport)} `);
    }
  });

  it('/metrics counts WebSockets and their subscriptions as they come and go', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const [first, second] = [await connect(server), await connect(server)];
    for (const [socket, id] of [
      [first, '1'],
      [first, '2'],
      [second, '1'],
    ] as const) {
      socket.send(subscribeMessage(id, KEYS));
      await socket.next();
    }
    expect(await metricsOf(server)).toMatchObject({ [connections('websocket')]: 2, [subscriptions('websocket')]: 3 });
    first.send({ type: 'complete', id: '1' });
    await expect.poll(() => metricsOf(server)).toMatchObject({ [subscriptions('websocket')]: 2 });
    first.close();
    await expect
      .poll(() => metricsOf(server))
      .toMatchObject({ [connections('websocket')]: 1, [subscriptions('websocket')]: 1 });
  });

  it('/metrics counts no subscription that was refused or has ended', async () => {
    const server = await startServer({ maxSubscriptions: 1 });
    await insert(server, 'a');
    const socket = await connect(server);
    socket.send(subscribeMessage('1', KEYS));
    await socket.next();
    for (const id of ['2', '3']) {
      socket.send(subscribeMessage(id, KEYS));
      expect(await socket.next()).toMatchObject({ type: 'error', id });
    }
    expect(await metricsOf(server)).toMatchObject({ [connections('websocket')]: 1, [subscriptions('websocket')]: 1 });
  });

  it('/metrics counts SSE and multipart streams as they come and go', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const multipart = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0';
    const open = (accept: string) =>
      openStream(server.url, {
        method: 'POST',
        headers: { ...JSON_BODY, accept },
        body: JSON.stringify({ query: KEYS }),
      });
    const streams = [await open('text/event-stream'), await open('text/event-stream'), await open(multipart)];
    for (const stream of streams) await stream.until(/"a"/);
    expect(await metricsOf(server)).toMatchObject({
      [connections('sse')]: 2,
      [subscriptions('sse')]: 2,
      [connections('multipart')]: 1,
      [subscriptions('multipart')]: 1,
      [subscriptions('http')]: 0,
    });
    for (const stream of streams) stream.leave();
    await expect
      .poll(() => metricsOf(server))
      .toMatchObject({
        [connections('sse')]: 0,
        [subscriptions('sse')]: 0,
        [connections('multipart')]: 0,
        [subscriptions('multipart')]: 0,
      });
  });

  it('/metrics counts items, insertions, deliveries and evictions', async () => {
    const server = await startServer({ maxItems: 2 });
    await insert(server, 'a', 'b');
    await server.map.insertMany(['c', 'd'].map((key) => ({ key, value: key })));
    await overSse.subscribe(server, KEYS).take(2);
    const metrics = await metricsOf(server);
    expect(metrics).toMatchObject({
      seamline_items: 2,
      seamline_head_position: 6,
      seamline_inserts_total: 4,
      seamline_evictions_total: 2,
      seamline_lagged_total: 0,
      seamline_resets_total: 0,
    });
    expect(metrics['seamline_deliveries_total']).toBe(2);
  });

  it('/metrics counts subscribers that lagged and mirrors that had to start again', async () => {
    const server = await startServer({ window: 2 });
    await insert(server, 'a');
    const after = server.map.get('a')?.cursor;
    await insert(server, 'b', 'c', 'd', 'e');
    await overSse
      .subscribe(server, 'subscription ($after: String) { items(after: $after) { key } }', { after })
      .take(1);
    expect(await metricsOf(server)).toMatchObject({ seamline_lagged_total: 1, seamline_resets_total: 0 });
    const other = await startServer();
    await insert(other, 'a');
    const query = 'subscription ($after: String) { itemChanges(after: $after) { reset } }';
    await overSse.subscribe(server, query, { after: other.map.get('a')?.cursor }).take(1);
    expect(await metricsOf(server)).toMatchObject({ seamline_lagged_total: 1, seamline_resets_total: 1 });
  });
});

describe('GraphiQL', () => {
  it('GraphiQL is served to browsers at /graphql and needs no internet access', async () => {
    const server = await startServer();
    const response = await fetch(server.url, { headers: HTML });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    const html = await response.text();
    expect(html).toMatch(/<!doctype html/i);
    // Neither the page nor its styles load anything from another host.
    expect(html).not.toMatch(/<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?\/\//i);
    expect(html).not.toMatch(/url\(\s*["']?(?:https?:)?\/\/|@import\s+["'](?:https?:)?\/\//i);
    expect(html).toMatch(/"?subscriptionsProtocol"?:\s*"WS"/);
  });

  it('/ redirects to GraphiQL without the console', async () => {
    const server = await startServer({ console: false });
    const response = await fetch(urlOf(server, '/'), { headers: HTML });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('GraphiQL');
  });

  it('/ is 404 without the console and GraphiQL', async () => {
    const server = await startServer({ console: false, graphiql: false });
    expect((await fetch(urlOf(server, '/'))).status).toBe(404);
  });

  it('GraphiQL is not served when it is off', async () => {
    const server = await startServer({ graphiql: false });
    const response = await fetch(server.url, { headers: HTML });
    expect(response.headers.get('content-type')).not.toContain('text/html');
    expect(await response.text()).not.toMatch(/<html|GraphiQL/i);
  });
});
