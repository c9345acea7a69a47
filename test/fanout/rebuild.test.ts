/** G5: whoever doesn't read keeps nothing of what the node has put away. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { FaultyEngine } from '../support/model/faulty-engine.ts';
import { subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { sse, webSocket } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { subscribed } from '../support/model/twins.ts';
import { WireSocket } from '../support/sockets/wire-socket.ts';

const ITEMS = 'subscription { items { key value } }';
const CHANGES = 'subscription { itemChanges { upserted { key value } } }';

it.each([true, false])(
  'a replica that was replaced is nobody’s, whoever stands, waits or is stalled in it: fan-out %s',
  async (fanOut) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const engine = new FaultyEngine();
    const server = await startServer({ log: engine.connect(), fanOut });
    const value = 'x'.repeat(10_000);
    for (let n = 0; n < 50; n++)
      await server.map.insertMany(Array.from({ length: 40 }, (_, m) => ({ key: `k${n} ${m}`, value })));
    const stalled = await WireSocket.open(server);
    stalled.client.pause();
    stalled.send(subscribeMessage('1', ITEMS));
    stalled.send(subscribeMessage('2', CHANGES));
    const read = [
      webSocket.read(server, { query: ITEMS }),
      sse.read(server, { query: ITEMS }),
      webSocket.read(server, { query: CHANGES }),
    ];
    await subscribed(server, 5);
    await Promise.all(read.slice(0, 2).map((reader) => reader.reaches(2000)));
    const old = new WeakRef(server.map.replica);
    const anItem = new WeakRef(server.map.replica.items.get('k0 0') ?? {});
    engine.break('gone');
    await vi.waitFor(() => expect(server.map.health().ok).toBe(true), { timeout: 20_000, interval: 5 });
    expect(server.map.subscriptions).toBe(5);
    await vi.waitFor(
      () => {
        collect();
        expect(old.deref()).toBeUndefined();
        expect(anItem.deref()).toBeUndefined();
      },
      { timeout: 20_000, interval: 50 },
    );
  },
);
