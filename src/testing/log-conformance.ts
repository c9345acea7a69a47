import assert from 'node:assert/strict';
import type { Case, Cases, LogUnderTest } from './case.ts';
import { entryCases } from './entry-cases.ts';
import { appendTexts, at, follow, inPieces, readSnapshots } from './recording.ts';
import { storageCases } from './storage-cases.ts';

export interface LogTestCase {
  /** A sentence about the log. */
  readonly name: string;
  /** Rejects with an `AssertionError` when the log behaves otherwise. It has no time limit: the test runner sets it. */
  run(): Promise<void>;
}

/**
 * The tests that every engine has to pass: its sequences are dense, listeners miss and repeat nothing, bytes come back as they
 * were, and trimming and snapshots keep what they promise. `create` makes an empty log for each of them. They use
 * `node:assert`, and run in `node:test`, Vitest, Jest or any other runner.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { memoryLog } from 'seamline';
 * import { logConformance } from 'seamline/testing';
 *
 * for (const { name, run } of logConformance(() => ({ log: memoryLog({ shared: true }) }))) test(name, run);
 * ```
 */
export function logConformance(create: () => LogUnderTest | Promise<LogUnderTest>): readonly LogTestCase[] {
  const cases = Object.entries({ ...entryCases, ...storageCases, ...logCases });
  return cases.map(([name, run]) => ({ name, run: () => runCase(create, run) }));
}

async function runCase(create: () => LogUnderTest | Promise<LogUnderTest>, run: Case[1]): Promise<void> {
  const made: LogUnderTest[] = [];
  const another = async (): Promise<LogUnderTest> => {
    const created = await create();
    made.push(created);
    await created.log.open();
    return created;
  };
  try {
    await run({ ...(await another()), another });
  } finally {
    for (const { log, dispose } of made) {
      await log.close();
      await dispose?.();
    }
  }
}

const logCases: Cases = {
  async 'a log keeps its epoch'({ log }) {
    const epoch = await log.open();
    assert.match(epoch, /^[0-9a-z]{12}$/);
    await appendTexts(log, 'a');
    assert.equal(await log.open(), epoch);
    assert.equal((await log.entryAt(at(1)))?.sequence, 1);
  },

  async 'two logs have different epochs'({ log, another }) {
    const other = await another();
    assert.notEqual(await log.open(), await other.log.open());
  },

  async 'entryAt resolves with undefined for a sequence that the log has not reached, and for 0'({ log }) {
    assert.equal(await log.entryAt(at(1)), undefined);
    await appendTexts(log, 'a');
    assert.equal(await log.entryAt(at(2)), undefined);
    assert.equal(await log.entryAt(at(0)), undefined);
  },

  async 'an open log is healthy, and its engine has a name'({ log }) {
    assert.deepEqual(log.health(), { ok: true });
    assert.match(log.engine, /^[a-z]+$/);
  },

  async 'a log that its engine keeps has its epoch, entries and snapshots when it is opened again'({ log, reopen }) {
    if (!reopen) return;
    const epoch = await log.open();
    await appendTexts(log, '1', '2', '3');
    const time = (await log.entryAt(at(3)))?.time;
    await log.saveSnapshot({ sequence: at(3), commandId: 'c3', chunks: inPieces('three') });
    await log.trim(at(2));
    await log.close();

    const again = await reopen();
    try {
      assert.equal(await again.open(), epoch);
      assert.equal(await again.last(), 3);
      assert.equal((await again.entryAt(at(3)))?.time, time);
      assert.deepEqual(await readSnapshots(again), [[3, 'c3', 'three']]);
      const listener = await follow(again, 2);
      assert.deepEqual(await appendTexts(again, '4'), [4]);
      await listener.until(4);
      assert.deepEqual(listener.texts, ['2', '3', '4']);
    } finally {
      await again.close();
    }
  },
};
