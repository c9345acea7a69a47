import type { Client } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import {
  InsertItemDocument,
  InsertItemsDocument,
  type ItemChangesSubscription,
  RemoveItemDocument,
} from '../../schema/documents/graphql.ts';
import { type Mirror, mirror } from '../../src/client/mirror.ts';
import type { MirrorSnapshot } from '../../src/client/mirror-snapshot.ts';
import type { Sink, SubscriptionClient } from '../../src/client/resuming/resumable.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { ask, reconnectingClient } from '../support/clients/clients.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';

type Message = ItemChangesSubscription['itemChanges'];

/** Resolves when the current state or a later one fulfils the condition. */
function reaches(mirrored: Mirror, condition: (snapshot: MirrorSnapshot) => boolean): Promise<MirrorSnapshot> {
  return new Promise((resolve) => {
    const look = (): void => {
      const snapshot = mirrored.getSnapshot();
      if (!condition(snapshot)) return;
      queueMicrotask(() => stop());
      resolve(snapshot);
    };
    const stop = mirrored.subscribe(look);
    look();
  });
}

const has = (key: string) => (snapshot: MirrorSnapshot) => snapshot.items.has(key);
const keysOf = ({ items }: MirrorSnapshot): string[] => [...items.keys()];

const insert = (server: SeamlineServer, key: string, value: unknown = 1) =>
  ask(server, InsertItemDocument, { input: { key, value } });

async function openSubscriptions({ url }: SeamlineServer): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^seamline_subscriptions\{transport="websocket"\} (\d+)$/m.exec(metrics)?.[1]);
}

const older = (item: Message['upserted'][number]) => ({ ...item, value: 'old', cursor: `${item.cursor}x` });

/** A client that may damage each message of `itemChanges` before its callers get it. */
function damaging(client: Client, damage: (message: Message) => Message): SubscriptionClient {
  return {
    subscribe: (payload, sink) =>
      client.subscribe(payload, {
        next: (result) => {
          const { itemChanges } = result.data as unknown as ItemChangesSubscription;
          sink.next({ ...result, data: { itemChanges: damage(itemChanges) } });
        },
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      }),
  };
}

/** Counts the subscriptions of a client, in total and open. */
function counting(client: SubscriptionClient) {
  const counted = { begun: 0, sinks: new Set<Sink>() };
  const subscribe: SubscriptionClient['subscribe'] = (payload, sink) => {
    counted.begun++;
    counted.sinks.add(sink);
    const leave = client.subscribe(payload, sink);
    return () => {
      counted.sinks.delete(sink);
      leave();
    };
  };
  return { ...counted, counted, client: { subscribe } };
}

describe('mirror', () => {
  it('a mirror holds the map, oldest item first, and follows insertions, updates and removals (G6)', async () => {
    const server = await startServer();
    for (const key of ['a', 'b', 'c']) await insert(server, key);
    const mirrored = mirror<number>(reconnectingClient(server.url));
    expect(keysOf(await reaches(mirrored, has('c')))).toEqual(['a', 'b', 'c']);

    mirrored.subscribe(() => {});
    await ask(server, RemoveItemDocument, { key: 'b' });
    await insert(server, 'a', 2);
    await insert(server, 'd');
    const snapshot = await reaches(mirrored, has('d'));
    expect(keysOf(snapshot)).toEqual(['c', 'a', 'd']);
    expect(snapshot.items.get('a')?.value).toBe(2);
    expect(snapshot).toMatchObject({ isLoaded: true, repairs: 0, error: undefined });
  });

  it('getSnapshot returns the same object until something changes, and later changes don’t modify it', async () => {
    const server = await startServer();
    const mirrored = mirror(reconnectingClient(server.url));
    mirrored.subscribe(() => {});
    const before = await reaches(mirrored, ({ isLoaded }) => isLoaded);
    expect(mirrored.getSnapshot()).toBe(before);
    await insert(server, 'a');
    const after = await reaches(mirrored, has('a'));
    expect(after).not.toBe(before);
    expect(before.items.size).toBe(0);
    expect(mirrored.items.has('a')).toBe(true);
  });

  it('listeners get enough to keep a list of their own in step, also across a reset', async () => {
    const server = await startServer();
    for (const key of ['a', 'b']) await insert(server, key);
    const other = await startServer();
    await insert(other, 'c');
    const network = await networkTo(server.url);
    const mirrored = mirror(reconnectingClient(network.url));
    const keys = new Set<string>();
    const replacements: string[][] = [];
    mirrored.subscribe(({ changes, isReplaced }) => {
      if (isReplaced) {
        keys.clear();
        for (const key of mirrored.items.keys()) keys.add(key);
        replacements.push([...keys]);
      } else {
        for (const { key } of changes?.removed ?? []) keys.delete(key);
        for (const { key } of changes?.upserted ?? []) keys.add(key);
      }
      expect([...keys].toSorted()).toEqual([...mirrored.items.keys()].toSorted());
    });
    await reaches(mirrored, has('b'));
    await ask(server, RemoveItemDocument, { key: 'a' });
    await insert(server, 'd');
    await reaches(mirrored, has('d'));
    expect(replacements).toEqual([['a', 'b']]);
    expect(mirrored.state).toEqual({ status: 'live', isLoaded: true, repairs: 0, missed: 0, error: undefined });
    network.cut();
    network.mend(other.url);
    await reaches(mirrored, has('c'));
    expect(replacements).toEqual([['a', 'b'], ['c']]);
  });

  it('a mirror is complete after twenty cuts during writes, without a repair', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const mirrored = mirror(reconnectingClient(network.url));
    mirrored.subscribe(() => {});
    for (let cut = 0; cut < 20; cut++) {
      await insert(server, `before-${cut}`);
      await reaches(mirrored, has(`before-${cut}`));
      network.cut();
      await network.refusal();
      await insert(server, `while-${cut}`);
      await ask(server, RemoveItemDocument, { key: `before-${cut}` });
      network.mend();
    }
    const snapshot = await reaches(mirrored, (now) => now.items.has('while-19') && !now.items.has('before-19'));
    expect(keysOf(snapshot)).toEqual(Array.from({ length: 20 }, (_, cut) => `while-${cut}`));
    expect(snapshot.repairs).toBe(0);
  });

  it('a mirror shows its old items until the map of another log is complete', async () => {
    const server = await startServer();
    await insert(server, 'old');
    const other = await startServer();
    for (let index = 0; index < 2500; index += 500) {
      const inputs = Array.from({ length: 500 }, (_, next) => ({ key: `new-${index + next}`, value: 1 }));
      await ask(other, InsertItemsDocument, { inputs });
    }
    const network = await networkTo(server.url);
    const mirrored = mirror(reconnectingClient(network.url));
    const seen: string[] = [];
    mirrored.subscribe(() => {
      const shown = `${mirrored.items.size} from ${keysOf(mirrored.getSnapshot())[0]}`;
      // A change of the status alone shows the same items.
      if (shown !== seen.at(-1)) seen.push(shown);
    });
    await reaches(mirrored, has('old'));
    network.cut();
    network.mend(other.url);
    await reaches(mirrored, has('new-2499'));
    expect(seen).toEqual(['1 from old', '2500 from new-0']);
  });

  it.each<[string, 'insert' | 'remove', (message: Message) => Message]>([
    ['an item', 'insert', (message) => ({ ...message, upserted: [] })],
    ['a removal', 'remove', (message) => ({ ...message, removed: [] })],
    ['the newest state of an item', 'insert', (message) => ({ ...message, upserted: message.upserted.map(older) })],
  ])('a mirror notices that %s was lost in transit, and repairs itself', async (_what, change, damage) => {
    const server = await startServer();
    await insert(server, 'a', 'old');
    let damages = 0;
    const client = damaging(reconnectingClient(server.url), (message) => {
      const isFirst = !message.reset && message.upserted.length + message.removed.length > 0 && damages++ === 0;
      return isFirst ? damage(message) : message;
    });
    const mirrored = mirror(client);
    mirrored.subscribe(() => {});
    await reaches(mirrored, has('a'));
    if (change === 'insert') await insert(server, 'a', 'new');
    else await ask(server, RemoveItemDocument, { key: 'a' });
    const { items } = await reaches(
      mirrored,
      ({ items: now, repairs }) => repairs === 1 && now.get('a')?.value !== 'old',
    );
    expect(damages).toBe(1);
    expect(items.get('a')?.value).toBe(change === 'insert' ? 'new' : undefined);
  });

  it('mirrors with equal variables share one subscription, and a later one has the whole map at once', async () => {
    const server = await startServer();
    for (const key of ['a', 'b']) await insert(server, key);
    const client = reconnectingClient(server.url);
    mirror(client, { filter: { keyPrefix: 'a' } }).subscribe(() => {});
    const first = mirror(client);
    first.subscribe(() => {});
    await reaches(first, has('b'));
    const second = mirror(client, { filter: {} });
    second.subscribe(() => {});
    expect(second.getSnapshot()).toBe(first.getSnapshot());
    expect(await openSubscriptions(server)).toBe(2);
  });

  it('a mirror ends its subscription with the last listener, and starts again with the next', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const client = reconnectingClient(server.url);
    const mirrored = mirror(client);
    const stops = [mirrored.subscribe(() => {}), mirrored.subscribe(() => {})];
    await reaches(mirrored, has('a'));
    for (const stop of stops) stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(mirrored.getSnapshot()).toMatchObject({ isLoaded: false });
    expect(await openSubscriptions(server)).toBe(0);
    expect(keysOf(await reaches(mirrored, has('a')))).toEqual(['a']);
  });

  it('a mirror keeps its subscription for a listener that is removed and added again at once, as in React’s strict mode', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const { client, counted } = counting(reconnectingClient(server.url));
    const mirrored = mirror(client);
    mirrored.subscribe(() => {})();
    mirrored.subscribe(() => {});
    await reaches(mirrored, has('a'));
    expect(counted.begun).toBe(1);
  });

  it('the end of an earlier mirror doesn’t remove its successor', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const mirrored = mirror(reconnectingClient(server.url));
    // A listener is added between two scheduled ends.
    mirrored.subscribe(() => {})();
    queueMicrotask(() => void mirrored.subscribe(() => {}));
    mirrored.subscribe(() => {})();
    await expect.poll(() => keysOf(mirrored.getSnapshot())).toEqual(['a']);
  });

  it('a mirror reports the completion of its subscription as an error, and starts again with the next listener', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const { client, counted } = counting(reconnectingClient(server.url));
    const mirrored = mirror(client);
    mirrored.subscribe(() => {});
    await reaches(mirrored, has('a'));
    for (const sink of counted.sinks) sink.complete();
    expect(mirrored.getSnapshot().error).toBeInstanceOf(Error);
    mirrored.subscribe(() => {});
    expect(mirrored.getSnapshot().error).toBeUndefined();
    await insert(server, 'b');
    expect(keysOf(await reaches(mirrored, has('b')))).toEqual(['a', 'b']);
    expect(counted.begun).toBe(2);
  });

  it('a listener that is removed and added again at once keeps the items', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const mirrored = mirror(reconnectingClient(server.url));
    const stop = mirrored.subscribe(() => {});
    const before = await reaches(mirrored, has('a'));
    stop();
    mirrored.subscribe(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(mirrored.getSnapshot()).toBe(before);
  });

  it('a mirror with a filter holds the selected items', async () => {
    const server = await startServer();
    for (const key of ['a/1', 'b/1', 'a/2']) await insert(server, key);
    const mirrored = mirror(reconnectingClient(server.url), { filter: { keyPrefix: 'a/' } });
    expect(keysOf(await reaches(mirrored, ({ isLoaded }) => isLoaded))).toEqual(['a/1', 'a/2']);
  });

  it('a mirror reports the error that ended it, and starts again with the next listener', async () => {
    const server = await startServer({ maxSubscriptions: 1 });
    const client = reconnectingClient(server.url);
    const leave = client.subscribe(
      { query: 'subscription { items { key } }' },
      { next() {}, error() {}, complete() {} },
    );
    const mirrored = mirror(client);
    mirrored.subscribe(() => {});
    const { error } = await reaches(mirrored, (now) => now.error !== undefined);
    expect(error).toMatchObject([{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }]);
    leave();
    await reaches(mirrored, ({ isLoaded }) => isLoaded);
  });
});
