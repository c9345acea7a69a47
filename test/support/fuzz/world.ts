/** A server under fire, and what must hold of it after every batch. */
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { ItemChangesDocument, type ItemChangesSubscription } from '../../../schema/documents/graphql.ts';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ask } from '../clients/clients.ts';
import { Dice } from '../random/dice.ts';
import { Mirror } from '../model/mirror.ts';
import { startServer } from '../server/server.ts';

/** Another one with `FUZZ_SEED=7 npm test -- test/fuzz`. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);

/** After so long something hangs. */
const PATIENCE_MS = 20_000;

export interface World {
  readonly server: SeamlineServer;
  /** Of this server's log; the newest last. */
  readonly cursors: readonly string[];
  /** Asks sane questions; throws unless they are answered, and the map is the same for a fresh mirror. */
  assertHealthy(): Promise<void>;
}

/** Small bounds, so that windows are left and items evicted all the time. */
export async function startWorld(options: ServerOptions = {}): Promise<World> {
  const logged: string[] = [];
  const log = (_fields: object, text: string): void => void logged.push(text);
  const server = await startServer({
    maxItems: 50,
    window: 100,
    maxSubscriptions: 1000,
    logger: { info: () => {}, warn: () => {}, error: log },
    ...options,
  });
  const cursors: string[] = [];
  for (let n = 0; n < 60; n++) cursors.push((await server.map.insert({ key: `k${n % 40}`, value: n })).cursor);
  const socket = await openWebSocket(server);
  let rounds = 0;

  const freshMirror = async (): Promise<Mirror> => {
    const mirror = new Mirror();
    const id = `mirror ${rounds++}`;
    const caughtUp = new Promise<void>((resolve, reject) => {
      socket.on('message', function receive(text) {
        const message = JSON.parse(String(text)) as { id: string; payload: { data: ItemChangesSubscription } };
        if (message.id !== id) return;
        try {
          mirror.apply(message.payload.data.itemChanges);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        if (!mirror.isCaughtUp) return;
        socket.off('message', receive);
        resolve();
      });
    });
    socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query: String(ItemChangesDocument) } }));
    await caughtUp;
    socket.send(JSON.stringify({ type: 'complete', id }));
    return mirror;
  };

  const assertHealthy = async (): Promise<void> => {
    const [{ stream }, mirror] = await within(
      'a sane query and a fresh mirror',
      Promise.all([
        ask<{ stream: { size: number; checksum: string; cursor: string } }, object>(
          server,
          '{ stream { size checksum cursor } }',
        ),
        freshMirror(),
      ]),
    );
    expect(mirror.items.size).toBe(stream.size);
    await eventually('no subscription is left', () => server.map.subscriptions === 0);
    expect(Object.keys(Object.prototype), 'nobody adds to the prototype of all objects').toEqual([]);
    expect(logged, 'no request is an error of the server').toEqual([]);
    cursors.push(mirror.cursor, [...mirror.items.values()].at(-1)?.cursor ?? mirror.cursor);
    cursors.splice(0, 2);
  };
  return { server, cursors, assertHealthy };
}

/** With a connection that the server has acknowledged. */
export async function openWebSocket({ webSocketUrl }: SeamlineServer): Promise<WebSocket> {
  const socket = new WebSocket(webSocketUrl, 'graphql-transport-ws', { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
  return socket;
}

/** Runs the batches one after the other, each with dice of its own, and says which one failed. */
export async function fuzz(
  name: string,
  { batches, least, world }: { batches: number; least: number; world: World },
  run: (dice: Dice, batch: number) => Promise<number>,
): Promise<void> {
  const startedAt = performance.now();
  let cases = 0;
  for (let batch = 0; batch < batches; batch++) {
    try {
      cases += await run(new Dice(SEED * 1_000_003 + batch), batch);
      await world.assertHealthy();
    } catch (error) {
      throw new Error(`${name}: FUZZ_SEED=${SEED}, batch ${batch}: ${String(error)}`, { cause: error });
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.info(`${name}: ${cases} cases in ${batches} batches, seed ${SEED}, ${seconds} s`);
  expect(cases).toBeGreaterThanOrEqual(least);
}

export async function within<T>(what: string | (() => string), promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`hangs: ${typeof what === 'string' ? what : what()}`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The server lives in this process: each turn of the event loop is one of its turns, too. */
export async function eventually(what: string, condition: () => boolean, detail = (): string => ''): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`hangs: ${what} ${detail()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
