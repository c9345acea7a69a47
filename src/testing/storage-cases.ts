/** The part of the conformance suite that is about what a log keeps: trimming and snapshots. */
import assert from 'node:assert/strict';
import type { OrderedLog } from '../core/replication/ordered-log.ts';
import type { Cases } from './case.ts';
import { appendTexts, at, follow, inPieces, readSnapshots, RecordingListener } from './recording.ts';

async function saveSnapshots(log: OrderedLog, ...sequences: readonly number[]): Promise<void> {
  for (const sequence of sequences)
    await log.saveSnapshot({ sequence: at(sequence), commandId: `c${sequence}`, chunks: inPieces(`s${sequence}`) });
}

const trimCases: Cases = {
  async 'trim removes the entries before a sequence, and no others'({ log }) {
    await appendTexts(log, '1', '2', '3', '4', '5');
    await log.trim(at(4));
    const found = await Promise.all([1, 3, 4, 5, 6].map(async (n) => (await log.entryAt(at(n)))?.sequence));
    assert.deepEqual(found, [undefined, undefined, 4, 5, undefined]);
    for (const from of [1, 3]) await assert.rejects(log.follow(at(from), new RecordingListener()), RangeError);
    const listener = await follow(log, 4);
    assert.equal(await log.last(), 5);
    assert.deepEqual(await appendTexts(log, '6'), [6]);
    await listener.until(6);
    assert.deepEqual(listener.texts, ['4', '5', '6']);
  },

  async 'trim takes nothing from a listener that has the entries already'({ log }) {
    const listener = await follow(log, 1);
    await appendTexts(log, '1', '2', '3');
    await listener.until(3);
    await log.trim(at(3));
    await appendTexts(log, '4');
    await listener.until(4);
    assert.deepEqual(listener.texts, ['1', '2', '3', '4']);
    assert.deepEqual(listener.reasons, []);
  },

  async 'trim has no effect the second time, nor for an earlier sequence'({ log }) {
    await appendTexts(log, '1', '2', '3');
    for (const sequence of [3, 3, 1]) await log.trim(at(sequence));
    assert.equal(await log.entryAt(at(2)), undefined);
    assert.equal((await log.entryAt(at(3)))?.sequence, 3);
  },

  async 'trim to sequence 1 removes nothing'({ log }) {
    await log.trim(at(1));
    await appendTexts(log, '1');
    await log.trim(at(1));
    assert.equal((await log.entryAt(at(1)))?.sequence, 1);
  },
};

const snapshotCases: Cases = {
  async 'a new log has no snapshots'({ log }) {
    assert.deepEqual(await readSnapshots(log), []);
  },

  async 'a log keeps its last two snapshots, newest first'({ log }) {
    await appendTexts(log, 'a', 'b', 'c');
    await saveSnapshots(log, 1, 2, 3);
    assert.deepEqual(await readSnapshots(log), [
      [3, 'c3', 's3'],
      [2, 'c2', 's2'],
    ]);
  },

  async 'a snapshot never replaces a newer one'({ log }) {
    await appendTexts(log, 'a', 'b', 'c');
    await saveSnapshots(log, 3, 2, 1);
    const kept = await readSnapshots(log);
    assert.deepEqual(kept[0], [3, 'c3', 's3']);
    assert.ok(!kept.some(([sequence]) => sequence === 1));
  },

  async 'a snapshot comes back whole, from pieces of any size, and more than once'({ log }) {
    await appendTexts(log, 'a');
    const pieces = [
      new Uint8Array(),
      Buffer.from('{"a":\n'),
      Uint8Array.of(0, 255, 10),
      Buffer.alloc(300_000, 'x'),
      Buffer.alloc(2_000_000, 'yz'),
    ];
    await log.saveSnapshot({ sequence: at(1), commandId: 'c1', chunks: pieces });
    const whole = Buffer.concat(pieces).toString('latin1');
    for (let i = 0; i < 2; i++) {
      const [[sequence, commandId, text] = []] = await readSnapshots(log);
      assert.deepEqual([sequence, commandId], [1, 'c1']);
      // Not `equal`, which would print both.
      assert.ok(text === whole, 'the content differs');
    }
  },

  async 'a snapshot that fails while it is saved leaves the others whole'({ log }) {
    await appendTexts(log, 'a', 'b');
    await saveSnapshots(log, 1);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('no more');
    }
    await assert.rejects(log.saveSnapshot({ sequence: at(2), commandId: 'c2', chunks: failing() }), /no more/);
    assert.deepEqual(await readSnapshots(log), [[1, 'c1', 's1']]);
  },

  async 'a snapshot stays when the log is trimmed'({ log }) {
    await appendTexts(log, 'a', 'b');
    await saveSnapshots(log, 2);
    await log.trim(at(2));
    assert.deepEqual(await readSnapshots(log), [[2, 'c2', 's2']]);
    assert.equal((await log.entryAt(at(2)))?.sequence, 2);
  },
};

export const storageCases: Cases = { ...trimCases, ...snapshotCases };
