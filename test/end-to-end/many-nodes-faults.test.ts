/**
 * Several nodes of one log, with writers and readers on all of them, while something breaks: the server of the log, the network to
 * it, a node. Answered insertions stay, nothing is delivered twice or out of order, and in the end the nodes agree.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { ask, overWebSocket, request } from '../support/clients/clients.ts';
import { describeWithEngines } from '../support/engines/engines.ts';
import {
  agreement,
  all,
  type Bustle,
  NodeProcess,
  refuses,
  SOME,
  SOUND,
  startNodes,
  verified,
} from '../support/processes/node-processes.ts';
import { networkTo } from '../support/sockets/proxy.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

describeWithEngines('faults with several nodes', (startEngine, name) => {
  it('nodes keep every guarantee while the only server is killed and started again, twice (G1 to G8, G11)', async () => {
    const engine = await startEngine();
    const nodes = await startNodes(engine.flags(), 2);
    const report = await verified(nodes, async ({ deliveries }) => {
      for (let time = 0; time < 2; time++) {
        await engine.kill();
        await all(nodes, 'not ready');
        await Promise.all(nodes.map((node) => refuses(node, name)));
        await engine.start();
        await all(nodes, 'ready');
        await deliveries(SOME);
      }
    });
    expect(report).toMatchObject(SOUND);
  });

  it('nodes keep every guarantee while one of them is cut off from the server for 3 s (G1 to G8, G11)', async () => {
    const engine = await startEngine();
    const network = await networkTo(engine.url);
    const [sound] = await startNodes(engine.flags(), 1);
    const cut = await NodeProcess.start(engine.flags(network.url));
    const report = await verified([sound, cut], async ({ deliveries }) => {
      network.cut();
      await cut.becomes('not ready');
      await ask(sound, InsertItemDocument, { input: { key: 'taken', value: 1 } });
      await Promise.all([delay(3000), refuses(cut, name)]);
      network.mend();
      await cut.becomes('ready');
      await deliveries(SOME);
    });
    expect(report).toMatchObject(SOUND);
  });

  it('nodes keep every guarantee while the only server stands still, with all connections open (G1 to G8, G11)', async () => {
    const engine = await startEngine();
    const nodes = await startNodes(engine.flags(), 2);
    const report = await verified(nodes, async ({ deliveries }) => {
      engine.pause();
      try {
        await all(nodes, 'not ready');
        await Promise.all(nodes.map((node) => refuses(node, name)));
      } finally {
        engine.resume();
      }
      await all(nodes, 'ready');
      await deliveries(SOME);
    });
    expect(report).toMatchObject(SOUND);
  });

  it('nodes keep every guarantee while each of them is killed and started again (G1 to G8, G11)', async () => {
    const engine = await startEngine();
    const nodes = await startNodes(engine.flags(), 3);
    const killEach = async ({ deliveries }: Bustle): Promise<void> => {
      for (const node of nodes) {
        await node.kill();
        await deliveries(SOME);
        await node.start();
        await deliveries(SOME);
      }
    };
    expect(await verified(nodes, killEach)).toMatchObject(SOUND);
  });

  it('nodes keep every guarantee while each of them is drained and started again, as by an upgrade (G1 to G9, G11)', async () => {
    const engine = await startEngine();
    const nodes = await startNodes(engine.flags(), 3, ['--drain-timeout', '2']);
    const drainEach = async ({ deliveries }: Bustle): Promise<void> => {
      for (const node of nodes) {
        expect(await node.drain()).toMatchObject({ code: 0 });
        await deliveries(SOME);
        await node.start();
      }
    };
    expect(await verified(nodes, drainEach)).toMatchObject(SOUND);
  });
});

describeWithEngines('answers to insertions', (startEngine) => {
  it('an insertion while the server is killed repeatedly is there once with its cursor, not there, or indeterminate (G2, G3, G7)', async () => {
    const engine = await startEngine();
    const nodes = await startNodes(engine.flags(), 2, ['--engine-timeout', '1']);
    const [reader] = nodes;
    const answers = { taken: new Map<string, string>(), refused: new Set<string>(), open: new Set<string>() };
    let told = (): void => {};
    let isOver = false;
    const write = async (node: NodeProcess, writer: number): Promise<void> => {
      for (let n = 0; !isOver; n++) {
        const key = `${writer}-${n}`;
        const { data, errors } = await request(node, InsertItemDocument, { input: { key, value: n } });
        const code = errors?.[0]?.extensions['code'];
        if (data) answers.taken.set(key, data.insertItem.cursor);
        else if (code === 'ENGINE_UNAVAILABLE') answers.refused.add(key);
        else if (code === 'INDETERMINATE') answers.open.add(key);
        else throw new Error(JSON.stringify(errors));
        told();
      }
    };
    const more = async (list: { readonly size: number }, count: number): Promise<void> => {
      const enough = list.size + count;
      while (list.size < enough) await new Promise<void>((resolve) => (told = resolve));
    };
    const seen: { key: string; cursor: string }[] = [];
    const feed = overWebSocket.subscribe(reader, ItemsDocument, {});
    const reading = (async () => {
      for await (const { data } of feed) if (data) seen.push(data.items);
    })();

    const writing = nodes.flatMap((node, at) => Array.from({ length: 8 }, (_, n) => write(node, at * 8 + n)));
    for (let time = 0; time < 5; time++) {
      await more(answers.taken, 300);
      await engine.kill();
      await more(answers.refused, 20);
      await engine.start();
    }
    await more(answers.taken, 300);
    isOver = true;
    await Promise.all(writing);
    const { cursor } = await agreement(nodes);
    await expect.poll(() => seen.at(-1)?.cursor, { timeout: 60_000 }).toBe(cursor);
    await feed.leave();
    await reading;

    const cursors = seen.map((item) => item.cursor);
    expect(cursors).toEqual([...new Set(cursors)].toSorted());
    const keys = seen.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => answers.refused.has(key))).toEqual([]);
    expect(new Map(seen.filter(({ key }) => !answers.open.has(key)).map((item) => [item.key, item.cursor]))).toEqual(
      answers.taken,
    );
    console.info(`${answers.taken.size} taken, ${answers.refused.size} refused, ${answers.open.size} open`);
  });
});
