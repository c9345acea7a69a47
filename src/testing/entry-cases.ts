/** The part of the conformance suite that is about entries: appending and following. */
import assert from 'node:assert/strict';
import type { Case, Cases } from './case.ts';
import { appendTexts, at, follow, RecordingListener, textOf, upTo } from './recording.ts';

/** Between 2020 and 2100 in ms: seconds and µs are outside. */
const [EARLIEST_MS, LATEST_MS] = [1_577_836_800_000, 4_102_444_800_000];

const CONTENTS: readonly (readonly [string, Uint8Array])[] = [
  ['an empty command', new Uint8Array()],
  ['one zero byte', new Uint8Array(1)],
  ['every byte', Uint8Array.from({ length: 256 }, (_, byte) => byte)],
  ['line ends and invalid UTF-8', Uint8Array.of(0x0d, 0x0a, 0xff, 0xfe, 0x0a, 0xc3)],
  ['512 KiB', Uint8Array.from({ length: 512 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 0xff)],
  ['a part of a bigger buffer', new Uint8Array(64).fill(7).subarray(10, 20)],
];

const appendCases: Cases = {
  async 'append assigns dense sequences from 1 on'({ log }) {
    assert.equal(await log.last(), 0);
    assert.deepEqual(await appendTexts(log, 'a', 'b', 'c'), [1, 2, 3]);
    assert.equal(await log.last(), 3);
  },

  async 'each of many concurrent appends resolves with the sequence of its own entry'({ log }) {
    const listener = await follow(log, 1);
    const texts = upTo(200).map(String);
    const sequences = await Promise.all(texts.map((text) => log.append(Buffer.from(text), `id-${text}`)));
    assert.deepEqual(
      sequences.toSorted((a, b) => a - b),
      upTo(200),
    );
    await listener.until(200);
    assert.deepEqual(listener.sequences, upTo(200));
    assert.deepEqual(
      sequences.map((sequence) => listener.texts[sequence - 1]),
      texts,
    );
  },

  async 'append keeps the order of calls that do not wait for each other'({ log }) {
    const sequences = await Promise.all(upTo(50).map((i) => log.append(Buffer.from(`${i}`), `id-${i}`)));
    assert.deepEqual(sequences, upTo(50));
  },

  ...Object.fromEntries(
    CONTENTS.map(([name, data]): Case => [
      `a log returns ${name} byte for byte`,
      async ({ log }) => {
        const sequence = await log.append(data, 'id-1');
        await appendTexts(log, 'next');
        const listener = await follow(log, 1);
        await listener.until(2);
        for (const entry of [await log.entryAt(sequence), listener.held[0]])
          assert.equal(Buffer.compare(entry?.data ?? Buffer.from('none'), data), 0);
      },
    ]),
  ),

  async 'append accepts an id again, and resolves with a sequence that holds the command'({ log }) {
    await appendTexts(log, 'before');
    for (let i = 0; i < 2; i++) {
      const sequence = await log.append(Buffer.from('again'), 'same-id');
      const entry = await log.entryAt(sequence);
      assert.equal(entry && textOf(entry), 'again');
    }
    const last = await log.last();
    assert.deepEqual(await appendTexts(log, 'next'), [last + 1]);
  },

  async 'an entry has its time in whole milliseconds of a wall clock'({ log }) {
    await appendTexts(log, 'a', 'b');
    for (const sequence of [1, 2]) {
      const time = (await log.entryAt(at(sequence)))?.time ?? NaN;
      assert.ok(Number.isInteger(time), `time ${time}`);
      assert.ok(time > EARLIEST_MS && time < LATEST_MS, `time ${time}`);
    }
  },
};

const followCases: Cases = {
  ...Object.fromEntries(
    [1, 2, 5, 6].map((from): Case => [
      `a listener from sequence ${from} on gets the entries of a log of 5, and each new one`,
      async ({ log }) => {
        await appendTexts(log, '1', '2', '3', '4', '5');
        const listener = await follow(log, from);
        await appendTexts(log, '6', '7');
        await listener.until(7);
        assert.deepEqual(listener.sequences, upTo(7, from));
        assert.deepEqual(listener.texts, upTo(7, from).map(String));
        assert.deepEqual(listener.reasons, []);
      },
    ]),
  ),

  async 'a listener that starts between appends misses and repeats nothing'({ log }) {
    const appends = upTo(100).map((i) => log.append(Buffer.from(`${i}`), `id-${i}`));
    await appends[0];
    const listeners = await Promise.all([follow(log, 1), follow(log, 2)]);
    for (let i = 101; i <= 150; i++) appends.push(log.append(Buffer.from(`${i}`), `id-${i}`));
    await Promise.all(appends);
    for (const [i, listener] of listeners.entries()) {
      await listener.until(150);
      assert.deepEqual(listener.sequences, upTo(150, i + 1));
    }
  },

  async 'all listeners get the same entries'({ log }) {
    await appendTexts(log, 'a', 'b');
    const listeners = await Promise.all([follow(log, 1), follow(log, 1), follow(log, 3)]);
    await appendTexts(log, 'c', 'd');
    for (const listener of listeners) await listener.until(4);
    const [one, two, three] = listeners.map(({ held }) =>
      held.map((entry) => [entry.sequence, entry.time, textOf(entry)]),
    );
    assert.equal(one?.length, 4);
    assert.deepEqual(two, one);
    assert.deepEqual(three, one.slice(2));
  },

  async 'entryAt returns the entry that listeners get'({ log }) {
    const listener = await follow(log, 1);
    await appendTexts(log, 'a', 'b');
    await listener.until(2);
    for (const { sequence, time, data } of listener.held) {
      const found = await log.entryAt(sequence);
      assert.deepEqual([found?.sequence, found?.time], [sequence, time]);
      assert.equal(Buffer.compare(found?.data ?? Buffer.from('none'), data), 0);
    }
  },

  async 'a listener that unsubscribes gets nothing more, and the others everything'({ log }) {
    const [leaving, staying] = [await follow(log, 1), await follow(log, 1)];
    await appendTexts(log, 'a');
    await Promise.all([leaving.until(1), staying.until(1)]);
    leaving.stop();
    await appendTexts(log, 'b', 'c');
    await staying.until(3);
    assert.deepEqual(leaving.sequences, [1]);
    leaving.stop();
    assert.deepEqual(staying.sequences, [1, 2, 3]);
  },

  ...Object.fromEntries(
    [0, 2, 5].map((from): Case => [
      `follow rejects with a RangeError for sequence ${from} of an empty log`,
      async ({ log }) => {
        await assert.rejects(log.follow(at(from), new RecordingListener()), RangeError);
      },
    ]),
  ),

  async 'follow rejects for a sequence more than one ahead, and its listener gets nothing'({ log }) {
    await appendTexts(log, 'a', 'b');
    const refused = new RecordingListener();
    await assert.rejects(log.follow(at(4), refused), RangeError);
    const listener = await follow(log, 3);
    await appendTexts(log, 'c', 'd');
    await listener.until(4);
    assert.deepEqual(refused.held, []);
  },
};

export const entryCases: Cases = { ...appendCases, ...followCases };
