import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { InsertItemDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { resumable } from '../../src/client/resuming/resumable.ts';
import { ask } from '../support/clients/clients.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';

const query = String(ItemsDocument);

async function world() {
  const server = await startServer();
  const network = await networkTo(server.url);
  const onReset = vi.fn();
  const socket = createClient({
    url: network.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setImmediate(resolve)),
  });
  onTestFinished(() => socket.dispose());
  const insert = (key: string) => ask(server, InsertItemDocument, { input: { key, value: 1 } });
  return { server, network, onReset, insert, socket, client: resumable(socket, { onReset }) };
}

const keyOf = (result: { data?: unknown } | void) => (result as { data: { items: { key: string } } }).data.items.key;

describe('resumable', () => {
  it('unsubscribing in onReset leaves no subscription open (G10)', async () => {
    const { network, insert, socket } = await world();
    await insert('a');
    const other = await startServer();
    await other.map.insert({ key: 'z', value: 1 });
    const reset = Promise.withResolvers<void>();
    const seen: string[] = [];
    const client = resumable(socket, {
      onReset() {
        leave();
        reset.resolve();
      },
    });
    const first = Promise.withResolvers<void>();
    const leave = client.subscribe(
      { query },
      {
        next(result) {
          seen.push(keyOf(result));
          first.resolve();
        },
        error: (error) => reset.reject(error),
        complete() {},
      },
    );
    await first.promise;
    network.cut();
    network.mend(other.url);
    await reset.promise;
    await expect.poll(() => other.map.subscriptions).toBe(0);
    expect(seen).toEqual(['a']);
  });

  it('a resumable subscription continues after the last item after a cut, and delivers exactly the limit', async () => {
    const { network, insert, client } = await world();
    for (const key of ['a', 'b']) await insert(key);
    const items = client.iterate({ query, variables: { limit: 4 } });
    expect(keyOf((await items.next()).value)).toBe('a');
    expect(keyOf((await items.next()).value)).toBe('b');
    network.cut();
    await network.refusal();
    for (const key of ['c', 'a', 'e']) await insert(key);
    network.mend();
    expect(keyOf((await items.next()).value)).toBe('c');
    expect(keyOf((await items.next()).value)).toBe('a');
    expect((await items.next()).done).toBe(true);
  });

  it('a resumable subscription starts over and calls onReset when the server has lost its log', async () => {
    const { network, insert, client, onReset } = await world();
    await insert('a');
    const items = client.iterate({ query });
    expect(keyOf((await items.next()).value)).toBe('a');
    network.cut();
    const other = await startServer();
    await ask(other, InsertItemDocument, { input: { key: 'z', value: 1 } });
    network.mend(other.url);
    expect(keyOf((await items.next()).value)).toBe('z');
    expect(onReset).toHaveBeenCalledOnce();
    await items.return?.();
  });
});
