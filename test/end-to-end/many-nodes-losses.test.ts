/** Several nodes with subscribers on a log that loses entries: all subscribers are told, and all get the new state. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { overSse, overWebSocket, request } from '../support/clients/clients.ts';
import type { EngineServer } from '../support/engines/engine-server.ts';
import { describeWithEngines } from '../support/engines/engines.ts';
import { Mirror } from '../support/model/mirror.ts';
import { agreement, all, NodeProcess } from '../support/processes/node-processes.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

const startTwo = async (engine: EngineServer) =>
  [await NodeProcess.start(engine.flags()), await NodeProcess.start(engine.flags())] as const;

/** On each node in turn, repeated until it is taken: a node may notice the loss only now. Resolves with the last cursor. */
async function insert(nodes: readonly NodeProcess[], keys: readonly string[], value: string): Promise<string> {
  let last = '';
  for (const [n, key] of keys.entries()) {
    const input = { key, value, idempotencyKey: value };
    await expect
      .poll(
        async () => {
          // The index is below the length.
          const { data, errors } = await request(nodes[n % nodes.length]!, InsertItemDocument, { input });
          last = data?.insertItem.cursor ?? '';
          return errors?.[0]?.extensions['code'];
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBeUndefined();
  }
  return last;
}

/** A live copy of the map, which is verified at each `caughtUp`. */
function watch(node: NodeProcess) {
  const mirror = new Mirror();
  let resets = 0;
  let changed = (): void => {};
  const feed = overWebSocket.subscribe(node, ItemChangesDocument, {});
  const following = (async () => {
    for await (const { data, errors } of feed) {
      if (!data) throw new Error(JSON.stringify(errors));
      if (data.itemChanges.reset) resets++;
      mirror.apply(data.itemChanges);
      changed();
    }
    throw new Error('the mirror has ended');
  })();
  following.catch(() => {});
  return {
    get resets() {
      return resets;
    },
    values: () => Object.fromEntries([...mirror.items].map(([key, { value }]) => [key, value])),
    async reaches(cursor: string): Promise<void> {
      while (!(mirror.isCaughtUp && mirror.cursor === cursor))
        await Promise.race([new Promise<void>((resolve) => (changed = resolve)), following]);
    },
  };
}

async function refusalOf(node: NodeProcess, after: string): Promise<unknown> {
  const feed = overSse.subscribe(node, ItemsDocument, { after, limit: 1 });
  const result = await feed.next();
  return result?.errors?.[0]?.extensions['code'];
}

const keysFrom = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `k${from + n}`);

describeWithEngines('losses with several nodes', (startEngine) => {
  it('after the restore of an older log, mirrors have the rest, and cursors beyond it are refused (G4, G6)', async () => {
    const engine = await startEngine();
    const nodes = await startTwo(engine);
    const copy = join(engine.directory, 'copy');
    const kept = await insert(nodes, keysFrom(0, 20), 'kept');
    const mirrors = nodes.map(watch);
    await engine.kill();
    cpSync(engine.store, copy, { recursive: true });
    await engine.start();
    await all(nodes, 'ready');
    const lost = await insert(nodes, keysFrom(10, 20), 'lost');
    await Promise.all(mirrors.map((mirror) => mirror.reaches(lost)));

    await engine.kill();
    rmSync(engine.store, { recursive: true });
    cpSync(copy, engine.store, { recursive: true });
    await engine.start();
    await all(nodes, 'ready');
    // More than was lost, so that the head is beyond it again.
    const newest = await insert(nodes, keysFrom(5, 30), 'new');
    expect(newest > lost).toBe(true);
    await Promise.all(mirrors.map((mirror) => mirror.reaches(newest)));
    const expected = Object.fromEntries([
      ...keysFrom(0, 5).map((key) => [key, 'kept']),
      ...keysFrom(5, 30).map((key) => [key, 'new']),
    ]);
    for (const mirror of mirrors) {
      expect(mirror.values()).toEqual(expected);
      expect(mirror.resets).toBe(2);
    }
    for (const node of nodes) {
      expect(await refusalOf(node, lost)).toBe('CURSOR_EXPIRED');
      expect(await refusalOf(node, kept)).toBeUndefined();
    }
    expect(await agreement(nodes)).toMatchObject({ size: 35, cursor: newest });
  });

  it('a log that is lost and created again by another node is another log for all nodes (G4, G6)', async () => {
    const engine = await startEngine();
    const nodes = await startTwo(engine);
    const last = await insert(nodes, keysFrom(0, 20), 'old');
    const { epoch } = await agreement(nodes);
    const mirrors = nodes.map(watch);
    await Promise.all(mirrors.map((mirror) => mirror.reaches(last)));
    await engine.kill();
    rmSync(engine.store, { recursive: true });
    await engine.start();
    const third = await NodeProcess.start(engine.flags());
    await all(nodes, 'ready');
    const newest = await insert([...nodes, third], keysFrom(10, 30), 'new');
    await Promise.all(mirrors.map((mirror) => mirror.reaches(newest)));
    for (const mirror of mirrors)
      expect(mirror.values()).toEqual(Object.fromEntries(keysFrom(10, 30).map((key) => [key, 'new'])));
    for (const node of nodes) expect(await refusalOf(node, last)).toBe('CURSOR_EXPIRED');
    const status = await agreement([...nodes, third]);
    expect(status).toMatchObject({ size: 30, cursor: newest });
    expect(status.epoch).not.toBe(epoch);
  });
});
