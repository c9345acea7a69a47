/** Mirrors with a filter on values, and a gateway that drops messages, with a real server. */
import { describe, expect, it } from 'vitest';
import { type Mirror, mirror } from '../../src/client/mirror.ts';
import type { MirrorSnapshot, MirrorUpdate } from '../../src/client/mirror-snapshot.ts';
import type { Result, SubscriptionClient } from '../../src/client/resuming/resumable.ts';
import { reconnectingClient } from '../support/clients/clients.ts';
import { startServer } from '../support/server/server.ts';

const OPEN = { where: { path: '/status', eq: 'open' } };

const keysOf = ({ items }: MirrorSnapshot): string => [...items.keys()].join(' ');

function reaches(mirrored: Mirror, keys: string): Promise<MirrorSnapshot> {
  return new Promise((resolve) => {
    const stop = mirrored.subscribe(() => look());
    const look = (): void => {
      const snapshot = mirrored.getSnapshot();
      if (keysOf(snapshot) !== keys || snapshot.status !== 'live') return;
      queueMicrotask(() => stop());
      resolve(snapshot);
    };
    look();
  });
}

/** A client behind a gateway that drops the messages for which `isLost` is true. */
const behindGateway = (client: SubscriptionClient, isLost: (result: Result) => boolean): SubscriptionClient => ({
  subscribe: (payload, sink) =>
    client.subscribe(payload, {
      next: (result) => (isLost(result) ? undefined : sink.next(result)),
      error: (error) => sink.error(error),
      complete: () => sink.complete(),
    }),
});

async function orders(...statuses: readonly string[]) {
  const server = await startServer();
  const order = (key: string, status: string) => server.map.insert({ key, value: { status } });
  for (const [index, status] of statuses.entries()) await order(`o${index}`, status);
  return { server, order };
}

describe('a mirror with a filter on values', () => {
  it('a mirror holds what matches, and is told what matches no longer, with the size and the checksum of both', async () => {
    const { server, order } = await orders('open', 'closed', 'open');
    const mirrored = mirror(reconnectingClient(server.url), { filter: OPEN });
    const updates: MirrorUpdate[] = [];
    mirrored.subscribe((update) => updates.push(update));
    await reaches(mirrored, 'o0 o2');
    await order('o0', 'closed');
    await reaches(mirrored, 'o2');
    await order('o1', 'open');
    const snapshot = await reaches(mirrored, 'o2 o1');
    const messages = updates.flatMap(({ changes }) => changes ?? []);
    expect(messages.flatMap(({ removed }) => removed)).toMatchObject([{ key: 'o0', reason: 'UNMATCHED' }]);
    expect(messages.map(({ size }) => size)).toEqual([2, 1, 2]);
    expect(messages.map(({ checksum }) => typeof checksum)).toEqual(['string', 'string', 'string']);
    expect(snapshot).toMatchObject({ repairs: 0, missed: 0 });
  });

  it.each<[string, object | undefined]>([
    ['all items', undefined],
    ['a filter on values', OPEN],
  ])('a mirror of %s resumes after a message that a gateway drops, and shows nothing wrong', async (_what, filter) => {
    const { server, order } = await orders('open', 'open');
    let losses = 0;
    const client = behindGateway(reconnectingClient(server.url), ({ data }) => {
      const { upserted, removed } = (data as { itemChanges: { upserted: { key: string }[]; removed: object[] } })
        .itemChanges;
      return upserted.length + removed.length === 1 && upserted[0]?.key !== 'o3' && losses++ === 0;
    });
    const mirrored = mirror(client, filter && { filter });
    const shown = new Set<string>();
    mirrored.subscribe(() => shown.add(keysOf(mirrored.getSnapshot())));
    await reaches(mirrored, 'o0 o1');
    await order('o0', 'closed');
    await expect.poll(() => losses).toBe(1);
    await order('o3', 'open');
    const snapshot = await reaches(mirrored, filter ? 'o1 o3' : 'o1 o0 o3');
    expect(snapshot).toMatchObject({ missed: 1, repairs: 0 });
    expect([...shown]).not.toContain('o0 o1 o3');
  });

  it('mirrors with equal filters on values share one subscription, and others have their own', async () => {
    const { server } = await orders('open', 'closed');
    const client = reconnectingClient(server.url);
    const [first, same, other] = [
      mirror(client, { filter: OPEN }),
      mirror(client, { filter: { where: { eq: 'open', path: '/status' } } }),
      mirror(client, { filter: { where: { path: '/status', eq: 'closed' } } }),
    ];
    for (const each of [first, same, other]) each.subscribe(() => {});
    await reaches(first, 'o0');
    await reaches(other, 'o1');
    expect(same.getSnapshot()).toBe(first.getSnapshot());
  });
});
