import { once } from 'node:events';
import { createServer } from 'node:net';
import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Result } from '../support/clients/clients.ts';
import { JSON_BODY } from '../support/clients/requests.ts';
import { runCli, serveCli } from '../support/processes/processes.ts';
import { openStream } from '../support/clients/streams.ts';

const INSERT = 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }';

async function ask(url: string, query: string): Promise<Result<unknown>> {
  const response = await fetch(url, { method: 'POST', headers: JSON_BODY, body: JSON.stringify({ query }) });
  return (await response.json()) as Result<unknown>;
}

const windowOf = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown> => {
  const { url } = await serveCli(['--port', '0', ...args], env);
  return (await ask(url, '{ stream { window } }')).data;
};

/** A port that is in use. */
async function portInUse(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

/** A request whose body is sent on demand: until then the server is not done. */
async function heldRequest(url: string) {
  const body = JSON.stringify({ query: INSERT });
  const headers = { ...JSON_BODY, 'content-length': String(body.length), expect: '100-continue' };
  const sent = httpRequest(url, { method: 'POST', headers });
  onTestFinished(() => void sent.destroy());
  const status = new Promise<number | undefined>((resolve) => {
    sent.once('response', (response) => resolve(response.resume().statusCode));
    sent.once('error', () => resolve(undefined));
  });
  sent.flushHeaders();
  // The server has received the request.
  await once(sent, 'continue');
  return { status, finish: () => sent.end(body) };
}

/** Whether a new connection is refused, as during a drain. */
const isClosed = (url: string): Promise<boolean> =>
  fetch(new URL('/health', url), { headers: { connection: 'close' } }).then(
    () => false,
    () => true,
  );

describe('seamline serve', () => {
  it.each([[['serve', '--port', '0']], [['--port', '0']]])(
    'seamline %j prints its URLs once it is ready',
    async (args) => {
      const { url, webSocketUrl } = await serveCli(args);
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/graphql$/);
      expect(webSocketUrl).toBe(url.replace('http', 'ws'));
      expect(await ask(url, INSERT)).toEqual({ data: { insertItem: { key: 'a' } } });
      const client = createClient({ url: webSocketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
      onTestFinished(() => client.dispose());
      const items = client.iterate({ query: 'subscription { items(limit: 1) { key } }' });
      expect(await items.next()).toMatchObject({ value: { data: { items: { key: 'a' } } } });
    },
  );

  it('a flag takes precedence over the environment, which takes precedence over the default', async () => {
    const env = { SEAMLINE_WINDOW: '20' };
    expect(await windowOf(['--window', '10'], env)).toEqual({ stream: { window: 10 } });
    expect(await windowOf([], env)).toEqual({ stream: { window: 20 } });
    expect(await windowOf([])).toEqual({ stream: { window: 65_536 } });
  });

  it('--port takes precedence over SEAMLINE_PORT, which takes precedence over PORT', async () => {
    const taken = await portInUse();
    await serveCli(['--port', '0'], { SEAMLINE_PORT: taken, PORT: taken });
    await serveCli([], { SEAMLINE_PORT: '0', PORT: taken });
    const { url } = await serveCli([], { PORT: '0' });
    expect(await ask(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  });

  it('--no-graphiql, --no-introspection and --no-fan-out turn these off', async () => {
    const { url } = await serveCli(['--port', '0', '--no-graphiql', '--no-introspection', '--no-fan-out']);
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toMatch(/<html/i);
    expect(await ask(url, '{ __type(name: "Item") { name } }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    await ask(url, INSERT);
    const headers = { ...JSON_BODY, accept: 'text/event-stream' };
    const body = JSON.stringify({ query: 'subscription { items(limit: 1) { key } }' });
    expect(await (await openStream(url, { method: 'POST', headers, body })).end()).toContain('{"items":{"key":"a"}}');
  });

  it('other machines are served only with --open', async () => {
    const { url } = await serveCli(['--port', '0', '--host', '0.0.0.0', '--open']);
    expect(await ask(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  });

  it('seamline serve exits with 1 and one line when the port is in use', async () => {
    const port = await portInUse();
    const { code, stdout, stderr } = await runCli(['--port', port]);
    expect(stderr.match(/^seamline: .*$/gm)).toEqual([expect.stringMatching(new RegExp(`\\b${port}\\b`))]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});

describe('called wrongly', () => {
  it.each<[args: string[], env: Record<string, string>]>([
    [['nope'], {}],
    [['serve', 'nope'], {}],
    [['--nope'], {}],
    [['--port'], {}],
    [['--port', '65536'], {}],
    [['--max-batch', '1001'], {}],
    [['--allow-origin', 'example.org'], {}],
    [['--open=yes'], {}],
    [[], { PORT: 'x' }],
    [['--port', 'tcp://10.96.17.4:80'], {}],
    [[], { SEAMLINE_OPEN: 'maybe' }],
  ])('seamline %j with %j prints one line on stderr and exits with 2', async (args, env) => {
    const { code, stdout, stderr } = await runCli(args, env);
    expect(stderr).toMatch(/^seamline: \S.*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('seamline serve on a reachable host without --open names it and exits with 2', async () => {
    const { code, stdout, stderr } = await runCli(['--port', '0', '--host', '0.0.0.0']);
    expect(stderr).toMatch(/^seamline: .*--open\b.*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('--help', () => {
  it.each([[['--help']], [['serve', '-h']]])('seamline %j prints help and exits with 0', async (args) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stdout).toMatch(/--port .*default 4000/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s ends WebSockets with 1012 and the process with 0 (G9)',
    async (name) => {
      const { url, webSocketUrl, signal, exited } = await serveCli(['--port', '0']);
      const socket = new WebSocket(webSocketUrl, 'graphql-transport-ws');
      onTestFinished(() => socket.terminate());
      await once(socket, 'open');
      const headers = { ...JSON_BODY, accept: 'text/event-stream' };
      const body = JSON.stringify({ query: 'subscription { items { key } }' });
      const stream = await openStream(url, { method: 'POST', headers, body });
      const closed = once(socket, 'close');
      signal(name);
      expect((await closed)[0]).toBe(1012);
      expect(await stream.broken()).not.toContain('complete');
      expect(await exited).toMatchObject({ code: 0 });
    },
  );

  it('a signal lets an answer in flight finish, also when two parents forward it', async () => {
    const { url, signal, exited } = await serveCli(['--port', '0', '--drain-timeout', '3600']);
    const held = await heldRequest(url);
    signal('SIGTERM');
    // Two equal signals may arrive as one. The second must come at once.
    signal('SIGINT');
    await expect.poll(() => isClosed(url)).toBe(true);
    held.finish();
    expect(await held.status).toBe(200);
    expect(await exited).toMatchObject({ code: 0 });
  });

  it('a second signal exits at once, whatever is in flight', async () => {
    const { url, signal, exited } = await serveCli(['--port', '0', '--drain-timeout', '3600']);
    const held = await heldRequest(url);
    signal('SIGTERM');
    await expect.poll(() => isClosed(url)).toBe(true);
    // Within 100 ms it would count as the same signal, forwarded twice.
    await delay(150);
    signal('SIGTERM');
    expect((await exited).code).not.toBeNull();
    expect(await held.status).toBeUndefined();
  });

  it('a signal abandons answers in flight after --drain-timeout, and the process exits with 0', async () => {
    const { url, signal, exited } = await serveCli(['--port', '0', '--drain-timeout', '0']);
    const held = await heldRequest(url);
    signal('SIGTERM');
    expect(await exited).toMatchObject({ code: 0 });
    expect(await held.status).toBeUndefined();
  });
});
