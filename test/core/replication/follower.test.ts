import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../src/core/model/command.ts';
import { EngineUnavailableError, IndeterminateError } from '../../../src/core/model/errors.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { inserted } from '../../support/model/feed.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { insert, join, poison, sharedLog } from '../../support/model/node.ts';

describe('a node', () => {
  it('a node answers its own command with its outcome, regardless of commands in between', async () => {
    const shared = sharedLog();
    const [one, two] = [await join(shared), await join(new HeldLog(shared))];
    const [first, second] = [insert(one, 'a', 1), insert(two, 'a', 2)];
    expect(inserted(await first)[0]).toMatchObject({ position: 1, value: 1 });
    expect(inserted(await second)[0]).toMatchObject({ position: 2, value: 2 });
  });

  it('a node answers when it has applied the command, not when the command is appended (G7)', async () => {
    const held = new HeldLog(sharedLog());
    const node = await join(held);
    held.hold();
    let isAnswered = false;
    const answer = insert(node, 'a').finally(() => (isAnswered = true));
    await held.last();
    expect([isAnswered, node.replica.head.position]).toEqual([false, 0]);
    held.release();
    expect(inserted(await answer)[0]).toBe(node.replica.items.get('a'));
  });

  it('a node whose log shows entries early answers when the command is appended, not when it is applied (G7)', async () => {
    const shared = sharedLog();
    const log = Object.assign(new HeldLog(shared), { showsEarly: true });
    const node = await join(log);
    const acknowledged = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const waiting = acknowledged.values();
    log.append = async (data, id) => {
      const sequence = await shared.append(data, id);
      await waiting.next().value?.promise;
      return sequence;
    };
    const answers = [insert(node, 'a'), insert(node, 'b')] as const;
    let isAnswered = false;
    void Promise.race(answers).finally(() => (isAnswered = true));
    await turn();
    expect([isAnswered, node.replica.head.position]).toEqual([false, 2]);
    acknowledged[0].resolve();
    expect(inserted(await answers[0])[0]).toBe(node.replica.items.get('a'));
    acknowledged[1].reject(new IndeterminateError('it may be lost'));
    await expect(answers[1]).rejects.toThrow('it may be lost');
  });

  it('a node publishes its head when it has moved, once per batch', async () => {
    const shared = sharedLog();
    const held = new HeldLog(shared);
    const [one, two] = [await join(shared), await join(held)];
    held.hold();
    for (const key of ['a', 'b', 'c']) await insert(one, key);
    await one.submit({ kind: 'tick' });
    held.release();
    await two.submit({ kind: 'tick' });
    expect([one.heads, two.heads]).toEqual([[1, 2, 3], [3]]);
  });

  it('a node is caught up when it has applied everything that the log holds', async () => {
    const shared = sharedLog();
    const held = new HeldLog(shared);
    const [one, two] = [await join(shared), await join(held)];
    held.hold();
    await insert(one, 'a');
    const caughtUp = two.caughtUp();
    await turn();
    expect(two.replica.items.size).toBe(0);
    held.release();
    await caughtUp;
    expect(two.replica.items.size).toBe(1);
  });

  it('a node stops waiting to be caught up when its caller aborts', async () => {
    const shared = sharedLog();
    const held = new HeldLog(shared);
    const [one, two] = [await join(shared), await join(held)];
    held.hold();
    await insert(one, 'a');
    const leaving = new AbortController();
    const caughtUp = two.caughtUp(leaving.signal);
    await turn();
    leaving.abort();
    await caughtUp;
    expect(two.replica.items.size).toBe(0);
  });

  it('a node passes on why an append failed, and goes on', async () => {
    const held = new HeldLog(sharedLog());
    const node = await join(held);
    held.failure = new EngineUnavailableError('no connection');
    await expect(insert(node, 'a')).rejects.toBe(held.failure);
    held.failure = undefined;
    expect(inserted(await insert(node, 'b'))[0]).toMatchObject({ position: 1 });
  });

  it('a node answers with an outcome that it knows although the append has failed', async () => {
    const shared = sharedLog();
    const node = await join(shared);
    const append = shared.append.bind(shared);
    shared.append = async (data, id) => {
      await append(data, id);
      throw new IndeterminateError('the answer is not known');
    };
    expect(inserted(await insert(node, 'a'))[0]).toMatchObject({ position: 1 });
  });

  it("a node warns of a log's clock that jumps, and of no other", async () => {
    let now = 1_700_000_000_000;
    const log = memoryLog({ clock: () => now, shared: true });
    const node = await join(log);
    for (const jump of [0, 1000, -1000, 50_000]) {
      now += jump;
      await insert(node, 'a');
    }
    expect(node.lines).toEqual([]);
    now += 3_600_000;
    await insert(node, 'a');
    now -= 3_600_000;
    await insert(node, 'a');
    expect(node.lines).toEqual(["the log's clock jumped by 3600 s", "the log's clock jumped by -3600 s"]);
  });
});

describe('a node that meets poison', () => {
  it('a node that meets poison applies everything before it and nothing after it', async () => {
    const log = sharedLog();
    const node = await join(log);
    await insert(node, 'a');
    await poison(log);
    await log.append(encodeCommand('after', { kind: 'remove', removal: { key: 'a' } }), 'after');
    expect(node.health()).toMatchObject({ ok: false, reason: expect.stringContaining('command 3') as string });
    expect(node.lines).toEqual([expect.stringContaining('command 3')]);
    expect(node.replica.items.get('a')).toBeDefined();
    expect(node.replica.sequence).toBe(2);
    await expect(insert(node, 'b')).rejects.toThrow(EngineUnavailableError);
    expect(await log.last()).toBe(4);
  });

  it('a node that meets poison answers the commands that it has applied, and the others are INDETERMINATE', async () => {
    const held = new HeldLog(sharedLog());
    const node = await join(held);
    held.hold();
    const before = insert(node, 'a');
    await poison(held);
    const after = insert(node, 'b').catch((error: unknown) => error);
    held.release();
    expect(inserted(await before)[0]).toMatchObject({ key: 'a' });
    expect(await after).toBeInstanceOf(IndeterminateError);
  });

  it('a node that meets poison ends the waits for later entries', async () => {
    const shared = sharedLog();
    const held = new HeldLog(shared);
    const [one, two] = [await join(shared), await join(held)];
    held.hold();
    await insert(one, 'a');
    await poison(held);
    await insert(one, 'b').catch(() => {});
    const caughtUp = two.caughtUp();
    await turn();
    held.release();
    await caughtUp;
    expect(two.health()).toMatchObject({ ok: false });
  });

  it('a node that joins a log with poison is not ready, and has everything before the poison', async () => {
    const log = sharedLog();
    await insert(await join(log), 'a');
    await poison(log);
    const late = await join(log);
    expect(late.health()).toMatchObject({ ok: false });
    expect(late.replica.items.get('a')).toBeDefined();
  });
});

it('a node that is closed rejects its pending commands', async () => {
  const held = new HeldLog(sharedLog());
  const node = await join(held);
  held.hold();
  const pending = insert(node, 'a').catch((error: unknown) => error);
  await node.close();
  expect(await pending).toBeInstanceOf(IndeterminateError);
  await expect(insert(node, 'b')).rejects.toThrow(EngineUnavailableError);
});
