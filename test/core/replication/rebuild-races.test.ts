import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LogListener } from '../../../src/core/replication/ordered-log.ts';
import { FaultyEngine, type FaultyLog } from '../../support/model/faulty-engine.ts';
import { inserted } from '../../support/model/feed.ts';
import { foreign, insert, join, type Node, poison, stateOf } from '../../support/model/node.ts';

type Call = Parameters<FaultyLog['onCall']>[0];

/** Makes the next call of that name wait; `reached` resolves when it waits. */
function gate(log: FaultyLog, call: Call): { readonly reached: Promise<void>; open(): void } {
  let open = (): void => {};
  const gone = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => {
    log.onCall = (name) => {
      if (name !== call) return undefined;
      log.onCall = () => {};
      resolve();
      return gone;
    };
  });
  return { reached, open };
}

async function running(): Promise<{ engine: FaultyEngine; log: FaultyLog; node: Node; follower: LogListener }> {
  const engine = new FaultyEngine();
  const log = engine.connect();
  const node = await join(log);
  for (const key of ['a', 'b']) await insert(node, key);
  const [follower] = log.following;
  // The node has just joined.
  return { engine, log, node, follower: follower! };
}

const keysOf = ({ replica }: Node): string[] => [...replica.items.index.from(0 as never)].map(({ key }) => key);
const calls: readonly Call[] = ['open', 'load', 'follow', 'last'];

describe('a log that breaks', () => {
  it('a log that breaks several times at once is rebuilt once', async () => {
    const { engine, log, node, follower } = await running();
    engine.lose(1);
    follower.broken('again');
    await node.caughtUp();
    follower.broken('late');
    expect(node.lines.filter((line) => line.includes("can't be followed"))).toHaveLength(1);
    expect(node.health()).toEqual({ ok: true });
    expect(log.following.size).toBe(1);
  });

  it('entries of a broken log do not reach the new replica', async () => {
    const { engine, log, node, follower } = await running();
    log.hold();
    engine.append(new Uint8Array());
    engine.lose(2);
    follower.entries([{ sequence: 4 as never, time: 0, data: new Uint8Array() }]);
    expect(node.replica.sequence).toBe(3);
    await node.caughtUp();
    log.release();
    expect(keysOf(node)).toEqual(['a']);
    expect(node.replica.sequence).toBe(2);
    expect(inserted(await insert(node, 'c'))[0]).toMatchObject({ position: 2 });
  });

  it.each(calls)('a log that breaks again while the node is at %s is rebuilt again', async (call) => {
    const { engine, log, node } = await running();
    const waiting = gate(log, call);
    engine.break('once');
    await waiting.reached;
    engine.lose(1);
    engine.append(new Uint8Array());
    waiting.open();
    await node.caughtUp();
    await insert(node, 'c');
    expect(keysOf(node)).toEqual(['a', 'c']);
    expect(log.following.size).toBe(1);
    expect(stateOf(await join(engine.connect()))).toEqual(stateOf(node));
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'a log that breaks %i microtasks after the new replica could be shown is rebuilt',
    async (microtasks) => {
      const { engine, log, node } = await running();
      const waiting = gate(log, 'last');
      engine.break('once');
      await waiting.reached;
      waiting.open();
      for (let n = 0; n < microtasks; n++) await Promise.resolve();
      engine.lose(1);
      await node.caughtUp();
      expect(keysOf(node)).toEqual(['a']);
      expect(log.following.size).toBe(1);
      expect(node.health()).toEqual({ ok: true });
    },
  );

  it.each(calls)('a broken log is not opened again by a node that closes while it is at %s', async (call) => {
    const { engine, log, node } = await running();
    const waiting = gate(log, call);
    engine.break('gone');
    await waiting.reached;
    const { opened } = log;
    const caughtUp = node.caughtUp();
    await node.close();
    await caughtUp;
    waiting.open();
    for (let n = 0; n < 10; n++) await turn();
    expect([log.following.size, log.opened - opened]).toEqual([0, call === 'open' ? 1 : 0]);
  });

  it('a broken log is not opened again by a node that closes while it waits to retry', async () => {
    const { engine, log, node } = await running();
    engine.isAway = true;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    engine.break('gone');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(vi.getTimerCount()).toBe(1);
    await node.close();
    expect(vi.getTimerCount()).toBe(0);
    engine.isAway = false;
    for (let n = 0; n < 10; n++) await turn();
    expect(log.opened).toBe(1);
  });

  it('a log that breaks while the node closes has no effect', async () => {
    const { engine, log, node } = await running();
    const closed = node.close();
    engine.break('gone');
    await closed;
    for (let n = 0; n < 10; n++) await turn();
    expect([log.opened, log.following.size]).toEqual([1, 0]);
  });

  it('a log that breaks while it is opened for the first time is opened again', async () => {
    const engine = new FaultyEngine();
    await insert(await join(engine.connect()), 'a');
    const log = engine.connect();
    const waiting = gate(log, 'last');
    const joining = join(log);
    await waiting.reached;
    engine.recreate();
    waiting.open();
    expect((await joining).replica.epoch).toBe(engine.epoch);
  });

  it('a log that is replaced by an unreadable one stops the node, which keeps its items', async () => {
    const { engine, log, node } = await running();
    engine.isAway = true;
    engine.break('gone');
    engine.entries = engine.entries.slice(0, 2);
    const waiting = node.caughtUp();
    const away = engine.connect();
    engine.isAway = false;
    await poison(away);
    await foreign(away);
    await waiting;
    expect(keysOf(node)).toEqual(['a']);
    expect(node.health()).toMatchObject({ ok: false, reason: expect.stringContaining('command 3') as string });
    engine.break('again');
    await turn();
    expect(log.opened).toBe(2);
  });
});

describe('waiting until the node has caught up', () => {
  it('a caller that waits for a node to catch up waits for the new log when it replaces the old one', async () => {
    const { engine, log, node } = await running();
    log.hold();
    engine.append(new Uint8Array());
    const caughtUp = node.caughtUp();
    await turn();
    // The new log is shorter than the awaited sequence.
    engine.lose(2);
    await caughtUp;
    expect(keysOf(node)).toEqual(['a']);
    expect(node.health()).toEqual({ ok: true });
  });

  it('a caller that waits for a node to catch up can abort', async () => {
    const { engine, node } = await running();
    engine.isAway = true;
    engine.break('gone');
    const leaving = new AbortController();
    const caughtUp = node.caughtUp(leaving.signal);
    await turn();
    leaving.abort();
    await caughtUp;
    expect(node.health()).toMatchObject({ ok: false });
  });
});

describe('the bounds of a rebuilt node', () => {
  it('the bounds of a rebuilt node are those of the log, not those of its start', async () => {
    const engine = new FaultyEngine();
    const node = await join(engine.connect(), { maxItems: 5 });
    await join(engine.connect(), { maxItems: 9 });
    engine.break('no connection');
    await node.caughtUp();
    expect(node.replica.bounds.maxItems).toBe(9);
    expect(node.lines.filter((line) => line.includes('bounds'))).toEqual([]);
  });

  it('the bounds of a rebuilt node are written to the log again when it has lost them', async () => {
    const engine = new FaultyEngine();
    await insert(await join(engine.connect(), { maxItems: 5 }), 'a');
    const log = engine.connect();
    const node = await join(log, { maxItems: 9 });
    for (const connection of engine.connections) if (connection !== log) engine.connections.delete(connection);
    engine.lose(1);
    await node.caughtUp();
    expect(node.replica.bounds.maxItems).toBe(9);
    expect(keysOf(node)).toEqual(['a']);
  });
});
