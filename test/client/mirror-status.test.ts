/** The connection state of a mirror, with real servers that are killed and started again. */
import { type Client, createClient, type ClientOptions } from 'graphql-ws';
import { createClient as createSseClient } from 'graphql-sse';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { InsertItemDocument, type ItemChangesSubscription } from '../../schema/documents/graphql.ts';
import { type Mirror, mirror } from '../../src/client/mirror.ts';
import type { MirrorSnapshot, MirrorStatus } from '../../src/client/mirror-snapshot.ts';
import { persistent } from '../../src/client/resuming/persistent.ts';
import type { SubscriptionClient } from '../../src/client/resuming/resumable.ts';
import { type Address, ask, reconnectingClient } from '../support/clients/clients.ts';
import { NodeProcess } from '../support/processes/node-processes.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';
import { SECRET, sign } from '../support/server/tokens.ts';

const insert = (server: Address, key: string) => ask(server, InsertItemDocument, { input: { key, value: 1 } });

function clientOf(url: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    ...persistent(),
    webSocketImpl: WebSocket,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    ...options,
    url: url.replace('http', 'ws'),
  });
  // `dispose` rejects during a connection attempt.
  onTestFinished(() => void Promise.resolve(client.dispose()).catch(() => {}));
  return client;
}

/** A live mirror, the statuses that its listener was told, and how often it was told anything. */
function watched(client: SubscriptionClient) {
  const mirrored = mirror(client);
  const seen = { statuses: [] as MirrorStatus[], calls: 0 };
  mirrored.subscribe(() => {
    seen.calls++;
    const { status } = mirrored.state;
    if (status !== seen.statuses.at(-1)) seen.statuses.push(status);
  });
  return { mirrored, seen };
}

/** Resolves when the mirror has this status, and these keys if any are given. */
function becomes(mirrored: Mirror, status: MirrorStatus, keys?: readonly string[]): Promise<MirrorSnapshot> {
  return new Promise((resolve) => {
    const look = (): void => {
      const snapshot = mirrored.getSnapshot();
      if (snapshot.status !== status || (keys && keys.join() !== [...snapshot.items.keys()].join())) return;
      queueMicrotask(() => stop());
      resolve(snapshot);
    };
    const stop = mirrored.subscribe(look);
    look();
  });
}

function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'seamline-status-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe('the status of a mirror', () => {
  it('a mirror whose server is killed says reconnecting with the reason, keeps its items, and is live after the server is back', async () => {
    const node = await NodeProcess.start(['--data', dataDirectory()]);
    await insert(node, 'a');
    const { mirrored, seen } = watched(clientOf(node.url));
    expect(mirrored.state).toEqual({ status: 'connecting', isLoaded: false, repairs: 0, missed: 0, error: undefined });
    const live = await becomes(mirrored, 'live', ['a']);
    expect(live.error).toBeUndefined();

    await node.kill();
    const lost = await becomes(mirrored, 'reconnecting');
    expect(lost).toMatchObject({ isLoaded: true, error: { code: 1006 } });
    expect(lost.items).toBe(live.items);
    await expect.poll(() => mirrored.state.error).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });

    await node.start();
    await insert(node, 'b');
    expect(await becomes(mirrored, 'live', ['a', 'b'])).toMatchObject({ error: undefined, repairs: 0 });
    expect(seen.statuses).toEqual(['live', 'reconnecting', 'live']);
  });

  it('a mirror whose server lost its log is live only after the new map was loaded', async () => {
    const node = await NodeProcess.start([]);
    await insert(node, 'old');
    const { mirrored, seen } = watched(clientOf(node.url));
    await becomes(mirrored, 'live', ['old']);
    await node.kill();
    await becomes(mirrored, 'reconnecting', ['old']);
    await node.start();
    await becomes(mirrored, 'live', []);
    expect(seen.statuses).toEqual(['live', 'reconnecting', 'live']);
  });

  it('a mirror that has never reached its server says connecting with the reason', async () => {
    const node = await NodeProcess.at([]);
    const { mirrored } = watched(clientOf(node.url));
    await expect.poll(() => mirrored.state.error).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
    expect(mirrored.state).toMatchObject({ status: 'connecting', isLoaded: false });
    await node.start();
    expect(await becomes(mirrored, 'live', [])).toMatchObject({ error: undefined });
  });

  it('a mirror whose token is refused says connecting with the close code', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const tokens = ['x.y.z', 'x.y.z', await sign()];
    const connectionParams = () => ({ Authorization: `Bearer ${tokens.shift() ?? ''}` });
    const { mirrored } = watched(clientOf(server.url, { connectionParams }));
    const errors: unknown[] = [];
    mirrored.subscribe(() => errors.push(mirrored.state.error));
    await becomes(mirrored, 'live');
    expect(errors).toMatchObject([{ code: 4403 }, undefined]);
  });

  it('a mirror whose server drains says reconnecting with close code 1012', async () => {
    const server = await startServer();
    const { mirrored } = watched(clientOf(server.url));
    await becomes(mirrored, 'live');
    void server.drain();
    expect(await becomes(mirrored, 'reconnecting')).toMatchObject({ error: { code: 1012, reason: 'draining' } });
  });

  it('a mirror whose client gives up has failed, keeps its items, and starts again with the next listener', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const network = await networkTo(server.url);
    const { mirrored, seen } = watched(clientOf(network.url, { retryAttempts: 0 }));
    await becomes(mirrored, 'live', ['a']);
    network.cut();
    const failed = await becomes(mirrored, 'failed');
    expect(failed).toMatchObject({ isLoaded: true, error: { code: 1006 } });
    expect([...failed.items.keys()]).toEqual(['a']);
    network.mend();
    mirrored.subscribe(() => {});
    // The first listener is told as well.
    expect(seen.statuses).toEqual(['live', 'reconnecting', 'failed', 'reconnecting']);
    expect(mirrored.state).toMatchObject({ status: 'reconnecting', error: undefined });
    await becomes(mirrored, 'live', ['a']);
  });

  it('a mirror whose subscription the server refuses has failed with the GraphQL errors', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const token = await sign({ scope: 'items:write' });
    const { mirrored, seen } = watched(
      clientOf(server.url, { connectionParams: { Authorization: `Bearer ${token}` } }),
    );
    const { error } = await becomes(mirrored, 'failed');
    expect(error).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(seen.statuses).toEqual(['failed']);
  });

  it('attempts that fail for the same reason are told once, and a change of the status alone keeps the items', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const network = await networkTo(server.url);
    let attempts = 0;
    const client = clientOf(network.url);
    client.on('connecting', () => attempts++);
    const { mirrored, seen } = watched(client);
    const live = await becomes(mirrored, 'live', ['a']);
    network.cut();
    await becomes(mirrored, 'reconnecting');
    await expect.poll(() => attempts).toBeGreaterThan(3);
    const { calls } = seen;
    const snapshot = mirrored.getSnapshot();
    const before = attempts;
    await expect.poll(() => attempts).toBeGreaterThan(before + 5);
    expect(seen.calls).toBe(calls);
    expect(mirrored.getSnapshot()).toBe(snapshot);
    expect(snapshot.items).toBe(live.items);
  });

  it('a mirror that is not equal to the map of its server is reconnecting until it was loaded again', async () => {
    const server = await startServer();
    const real = reconnectingClient(server.url);
    let isDamaged = false;
    const client: SubscriptionClient = {
      subscribe: (payload, sink) =>
        real.subscribe(payload, {
          ...sink,
          next(result) {
            const { itemChanges } = result.data as unknown as ItemChangesSubscription;
            const isTarget = !isDamaged && itemChanges.upserted.length > 0;
            if (isTarget) isDamaged = true;
            sink.next({ data: { itemChanges: isTarget ? { ...itemChanges, upserted: [] } : itemChanges } });
          },
        }),
    };
    const { mirrored, seen } = watched(client);
    await becomes(mirrored, 'live', []);
    await insert(server, 'a');
    const { error, repairs } = await becomes(mirrored, 'reconnecting');
    expect([String(error), repairs]).toEqual([
      'Error: the copy differs from the map of the server, and is loaded again',
      1,
    ]);
    await becomes(mirrored, 'live', ['a']);
    expect(seen.statuses).toEqual(['live', 'reconnecting', 'live']);
  });

  it('a mirror on graphql-sse says reconnecting when its client connects again, and is live after the server is back', async () => {
    const node = await NodeProcess.start(['--data', dataDirectory()]);
    await insert(node, 'a');
    const client = createSseClient({
      url: node.url,
      retryAttempts: Infinity,
      retry: () => new Promise((resolve) => setTimeout(resolve, 20)),
    });
    onTestFinished(() => client.dispose());
    const { mirrored, seen } = watched(client);
    await becomes(mirrored, 'live', ['a']);
    await node.kill();
    expect(await becomes(mirrored, 'reconnecting', ['a'])).toMatchObject({ error: expect.any(Error) });
    await node.start();
    await insert(node, 'b');
    await becomes(mirrored, 'live', ['a', 'b']);
    expect(seen.statuses).toEqual(['live', 'reconnecting', 'live']);
  });

  it('a mirror leaves no listener on its client after it has ended', async () => {
    const server = await startServer();
    const client = clientOf(server.url);
    let listeners = 0;
    const { on } = client;
    const counting: Client = {
      ...client,
      on: (...given) => {
        listeners++;
        const stop = on(...given);
        return () => {
          listeners--;
          stop();
        };
      },
    };
    const mirrored = mirror(counting);
    const stop = mirrored.subscribe(() => {});
    await becomes(mirrored, 'live');
    expect(listeners).toBeGreaterThan(0);
    stop();
    await expect.poll(() => listeners).toBe(0);
  });
});
