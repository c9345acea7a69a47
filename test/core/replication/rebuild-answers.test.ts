import { describe, expect, it } from 'vitest';
import { IndeterminateError } from '../../../src/core/model/errors.ts';
import { FaultyEngine, type FaultyLog } from '../../support/model/faulty-engine.ts';
import { inserted } from '../../support/model/feed.ts';
import { insert, insertion, join, type Node } from '../../support/model/node.ts';

interface Stage {
  readonly engine: FaultyEngine;
  readonly log: FaultyLog;
  readonly node: Node;
  /** Follows the log and saves snapshots. */
  readonly other: Node;
}

/** A node that has `before`, and gets no further entries for now. */
async function cutOff(): Promise<Stage> {
  const engine = new FaultyEngine();
  const log = engine.connect();
  const [other, node] = [await join(engine.connect()), await join(log)];
  await insert(other, 'before');
  log.hold();
  return { engine, log, node, other };
}

const failureOf = (answer: Promise<unknown>): Promise<unknown> => answer.catch((error: unknown) => error);
const plain = (item: unknown): object => JSON.parse(JSON.stringify(item)) as object;
const idempotency = { key: 'once', payload: 'p' };

/** After that, only the state of the snapshot shows the outcomes of the commands. */
async function snapshot({ engine, other }: Stage): Promise<void> {
  await other.caughtUp();
  await other.saveSnapshot();
  await [...engine.connections][0]?.trim(engine.last);
}

describe('a mutation that waits when the log breaks (G7)', () => {
  it('a pending mutation is answered from the new replica when that is shown (G7)', async () => {
    const { engine, node } = await cutOff();
    const answer = insert(node, 'a');
    await node.caughtUp(AbortSignal.timeout(0));
    engine.break('no connection');
    expect(inserted(await answer)[0]).toBe(node.replica.items.get('a'));
    expect(node.replica.head.position).toBe(2);
  });

  it('a pending mutation is INDETERMINATE when the log has lost it (G7)', async () => {
    const { engine, node, other } = await cutOff();
    const answer = failureOf(insert(node, 'a'));
    await other.caughtUp();
    engine.lose(1);
    expect(await answer).toBeInstanceOf(IndeterminateError);
    expect(node.replica.items.get('a')).toBeUndefined();
  });

  it('a pending idempotent mutation is answered with its first result when a snapshot has it (G7)', async () => {
    const stage = await cutOff();
    const { engine, node, other } = stage;
    const insertions = [insertion('a', 'a', { idempotency }), insertion('b', 'b', { idempotency })];
    const answers = [
      node.submit({ kind: 'insert', insertions }),
      node.submit({ kind: 'remove', removal: { key: 'before', idempotency } }),
      node.submit({ kind: 'remove', removal: { key: 'nothing', idempotency } }),
      node.submit({ kind: 'tick' }),
    ];
    await snapshot(stage);
    engine.break('no connection');
    const [items, removed, nothing, tick] = await Promise.all(answers);
    // A repeated insertion follows no other one.
    expect(items).toMatchObject({
      kind: 'inserted',
      items: ['a', 'b'].map((key) => ({ ...plain(other.replica.items.get(key)), following: 0 })),
    });
    expect(removed).toMatchObject({ removed: { key: 'before', position: 4 } });
    expect(nothing).toMatchObject({ kind: 'removed', removed: null });
    expect(tick).toEqual({ kind: 'nothing' });
  });

  it('a pending mutation is INDETERMINATE when a snapshot has it, but not its outcome (G7)', async () => {
    const stage = await cutOff();
    const { engine, node } = stage;
    const answers = [
      insert(node, 'a'),
      node.submit({ kind: 'remove', removal: { key: 'before' } }),
      // One of the two insertions has no idempotency key.
      node.submit({ kind: 'insert', insertions: [insertion('b', 'b', { idempotency }), insertion('c')] }),
      // The first result of that key belongs to another payload.
      node.submit({
        kind: 'insert',
        insertions: [insertion('b', 'b', { idempotency: { ...idempotency, payload: 'q' } })],
      }),
    ].map(failureOf);
    await snapshot(stage);
    engine.break('no connection');
    for (const answer of answers) expect(await answer).toBeInstanceOf(IndeterminateError);
    expect(node.replica.items.size).toBe(3);
  });

  it('a pending mutation is answered from a snapshot also when its repetition follows (G7)', async () => {
    const stage = await cutOff();
    const { engine, log, node } = stage;
    let data = new Uint8Array();
    const append = log.append.bind(log);
    log.append = (bytes) => append((data = bytes as Uint8Array<ArrayBuffer>));
    const answers = [
      failureOf(insert(node, 'a')),
      node.submit({ kind: 'insert', insertions: [insertion('b', 'b', { idempotency })] }),
    ];
    await snapshot(stage);
    engine.append(data);
    engine.break('no connection');
    expect(await answers[0]).toBeInstanceOf(IndeterminateError);
    expect(await answers[1]).toMatchObject({ items: [{ key: 'b', position: 3 }] });
  });

  it('a pending mutation waits as long as its append, and is applied on the new log (G7)', async () => {
    const { engine, log, node } = await cutOff();
    let goOn = (): void => {};
    log.onCall = (name) => (name === 'append' ? new Promise((resolve) => (goOn = resolve)) : undefined);
    const answer = insert(node, 'a');
    engine.recreate();
    log.onCall = () => {};
    await node.caughtUp();
    goOn();
    expect(inserted(await answer)[0]).toMatchObject({ key: 'a', position: 1 });
    expect(node.replica.epoch).toBe(engine.epoch);
  });

  it('a pending mutation is INDETERMINATE when the new replica is past its sequence and lacks it (G7)', async () => {
    const { engine, log, node, other } = await cutOff();
    let acknowledge = (): void => {};
    const append = log.append.bind(log);
    log.append = async (data) => {
      const sequence = await append(data);
      await new Promise<void>((resolve) => (acknowledge = resolve));
      return sequence;
    };
    const answer = failureOf(insert(node, 'a'));
    await other.caughtUp();
    engine.lose(1);
    await Promise.all([node.caughtUp(), other.caughtUp()]);
    await insert(other, 'b');
    await node.caughtUp();
    acknowledge();
    expect(await answer).toBeInstanceOf(IndeterminateError);
  });
});

describe('an answer', () => {
  it('a command is INDETERMINATE when it has not come back in time, and other commands wait on', async () => {
    const engine = new FaultyEngine();
    const log = engine.connect();
    log.answerWithinMs = 20;
    const node = await join(log);
    log.hold();
    const late = failureOf(insert(node, 'a'));
    expect(await late).toBeInstanceOf(IndeterminateError);
    const second = insert(node, 'b');
    await node.caughtUp(AbortSignal.timeout(0));
    log.release();
    expect(inserted(await second)[0]).toMatchObject({ key: 'b', position: 2 });
  });

  it('a command without an acknowledgement has no deadline while the log sets none', async () => {
    const engine = new FaultyEngine();
    const log = engine.connect();
    log.answerWithinMs = 1;
    const node = await join(log);
    let goOn = (): void => {};
    log.onCall = (name) => (name === 'append' ? new Promise((resolve) => (goOn = resolve)) : undefined);
    const answer = insert(node, 'a');
    await new Promise((resolve) => setTimeout(resolve, 5));
    goOn();
    expect(inserted(await answer)[0]).toMatchObject({ key: 'a' });
  });
});
