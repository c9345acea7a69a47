/** Several nodes of one log, each a process: a client that writes to one, reads from another and resumes on a third sees one stream. */
import { expect, it, vi } from 'vitest';
import {
  InsertItemsDocument,
  ItemChangesDocument,
  ItemPageDocument,
  ItemsDocument,
} from '../../schema/documents/graphql.ts';
import { ask, overSse, overWebSocket } from '../support/clients/clients.ts';
import { describeWithEngines } from '../support/engines/engines.ts';
import { Mirror } from '../support/model/mirror.ts';
import { agreement, clockAhead, NodeProcess, SOUND, verified } from '../support/processes/node-processes.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

type Nodes = readonly [NodeProcess, NodeProcess, NodeProcess];

const inTurn = <T>(list: readonly T[], turn: number): T => {
  // No list here is empty.
  return list[turn % list.length]!;
};

async function insert(node: NodeProcess, inputs: readonly { key: string; value: unknown; ttl?: number }[]) {
  const { insertItems } = await ask(node, InsertItemsDocument, { inputs: [...inputs] });
  // One for each input.
  return insertItems.at(-1)!.cursor;
}

/** Reads `limit` items, over another transport every other turn. */
async function read(node: NodeProcess, turn: number, limit: number, after: string | undefined) {
  const feed = inTurn([overSse, overWebSocket], Math.floor(turn / 2)).subscribe(node, ItemsDocument, { limit, after });
  const results = await feed.take(limit);
  return results.map(({ data, errors }) => {
    if (!data) throw new Error(JSON.stringify(errors));
    return data.items;
  });
}

describeWithEngines('several nodes', (startEngine) => {
  /** Three with the same flags. */
  async function startNodes(args: readonly string[] = []): Promise<Nodes> {
    const flags = (await startEngine()).flags();
    const start = (): Promise<NodeProcess> => NodeProcess.start(flags, args);
    return [await start(), ...(await Promise.all([start(), start()]))];
  }

  it('three nodes keep every guarantee to their writers and readers, and agree in the end (G1 to G8, G11)', async () => {
    const nodes = await startNodes();
    const report = await verified(nodes, ({ deliveries }) => deliveries(20_000));
    console.info(`${report.histories} histories, ${report.deliveries} deliveries`);
    expect(report).toMatchObject(SOUND);
  });

  it('a node joins late, while writers and readers are at work (G4, G6)', async () => {
    const flags = (await startEngine()).flags();
    const first = await NodeProcess.start(flags);
    const keys = Array.from({ length: 3000 }, (_, n) => `early-${n}`);
    for (let from = 0; from < keys.length; from += 500)
      await insert(
        first,
        keys.slice(from, from + 500).map((key) => ({ key, value: from })),
      );
    const late = await NodeProcess.at(flags);
    const report = await verified([first, late], async ({ deliveries }) => {
      await late.start();
      await deliveries(5000);
    });
    expect(report).toMatchObject(SOUND);
    expect(await late.status()).toMatchObject({ size: 3000 });
  });

  it('nodes with different flags all take the last ones, and evict the same items (G5, G6)', async () => {
    const flags = (await startEngine()).flags();
    const nodes: Nodes = [
      await NodeProcess.start(flags, ['--max-items', '3000', '--window', '300']),
      await NodeProcess.start(flags, ['--max-items', '1300']),
      await NodeProcess.start(flags),
    ];
    expect(await verified(nodes)).toMatchObject(SOUND);
    for (let turn = 0; turn < 3; turn++)
      await insert(
        inTurn(nodes, turn),
        Array.from({ length: 1000 }, (_, n) => ({ key: `${turn}-${n}`, value: n })),
      );
    expect(await agreement(nodes)).toMatchObject({ size: 1300, window: 300 });
  });

  it('nodes whose clocks are 10 s apart expire items by the time of the log, and timestamps never fall (G3)', async () => {
    const flags = (await startEngine()).flags();
    const before = Date.now();
    const [ahead, other] = [await NodeProcess.start(flags, [], clockAhead(10_000)), await NodeProcess.start(flags)];
    const started = (await (await fetch(new URL('/metrics', ahead.url))).text()).match(
      /^process_start_time_seconds (\d+)/m,
    );
    expect(Number(started?.[1]) * 1000, 'its clock is ahead').toBeGreaterThan(before + 8000);

    const watching = [ahead, other].map((node) => overSse.subscribe(node, ItemsDocument, { limit: 40 }).take(40));
    for (let turn = 0; turn < 40; turn++)
      await insert(inTurn([ahead, other], turn), [{ key: `k${turn}`, value: turn, ttl: 1 + (turn % 2) }]);
    const [seen, same] = await Promise.all(watching);
    expect(seen).toEqual(same);
    const timestamps = (seen ?? []).map(({ data }) => data?.items.timestamp ?? '');
    expect(timestamps).toEqual(timestamps.toSorted());
    await expect.poll(async () => (await agreement([ahead, other])).size, { timeout: 60_000 }).toBe(0);
    expect(await verified([ahead, other])).toMatchObject(SOUND);
  });

  it('a client that resumes on another node each time gets exactly what was written, in order (G2, G3, G4)', async () => {
    const nodes = await startNodes();
    const [step, count] = [7, 700];
    const write = async (): Promise<void> => {
      for (let n = 0; n < count; n++) await insert(inTurn(nodes, n), [{ key: `k${n % 20}`, value: n }]);
    };
    await insert(nodes[0], [{ key: 'k0', value: -1 }]);
    const { cursor } = await agreement(nodes);
    const writing = write();
    const seen: unknown[] = [];
    let after = cursor;
    for (let turn = 0; seen.length < count; turn++) {
      const items = await read(inTurn(nodes, turn), turn, step, after);
      after = items.at(-1)?.cursor ?? after;
      seen.push(...items.map(({ value }) => value));
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it('a client that lags and resumes on another node each time misses no key (G2, G3, G5)', async () => {
    const nodes = await startNodes(['--window', '50']);
    const newest = new Map<string, unknown>();
    let [after, last]: (string | undefined)[] = [];
    const cursors: string[] = [];
    const seen = new Map<string, unknown>();
    const take = async (turn: number): Promise<void> => {
      const [item] = await read(inTurn(nodes, turn + 1), turn, 1, after);
      // The last item that was written has not been read yet.
      after = item!.cursor;
      cursors.push(after);
      seen.set(item!.key, item!.value);
    };
    for (let turn = 0; turn < 60; turn++) {
      const inputs = Array.from({ length: 100 }, (_, n) => ({
        key: `k${(turn * 13 + n) % 130}`,
        value: turn * 100 + n,
      }));
      for (const { key, value } of inputs) newest.set(key, value);
      last = await insert(inTurn(nodes, turn), inputs);
      await take(turn);
    }
    for (let turn = 0; after !== last; turn++) await take(turn);
    expect(cursors).toEqual([...new Set(cursors)].toSorted());
    expect(seen).toEqual(newest);
  });

  it('a mirror that resumes on another node for each message has the map in the end, also when it lags (G6)', async () => {
    const nodes = await startNodes(['--window', '200', '--max-items', '150']);
    const mirror = new Mirror();
    let last = '';
    const take = async (turn: number): Promise<void> => {
      const feed = overWebSocket.subscribe(inTurn(nodes, turn), ItemChangesDocument, {
        after: mirror.cursor || undefined,
      });
      const [result] = await feed.take(1);
      if (!result?.data) throw new Error(JSON.stringify(result));
      mirror.apply(result.data.itemChanges);
      await feed.leave();
    };
    for (let turn = 0; turn < 60; turn++) {
      // From time to time more than the window holds.
      const size = turn % 10 === 0 ? 300 : 30;
      last = await insert(
        inTurn(nodes, turn),
        Array.from({ length: size }, (_, n) => ({ key: `k${(turn * 31 + n) % 400}`, value: turn })),
      );
      await take(turn + 1);
    }
    for (let turn = 0; !(mirror.isCaughtUp && mirror.cursor >= last); turn++) await take(turn);
    const { size } = await agreement(nodes);
    expect(mirror.items.size).toBe(size);
    const { items } = await ask(nodes[1], ItemPageDocument, { first: 1000 });
    expect([...mirror.items.keys()].toSorted()).toEqual(items.edges.map(({ node }) => node.key).toSorted());
  });
});
