import { describe, expect, it } from 'vitest';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import { appendTexts, at, Collector, follow, textOf, upTo } from './collector.ts';

/** The part of the conformance suite that is about entries: appending and following. */
export function describeEntries(name: string, opened: () => Promise<OrderedLog>): void {
  describe(`${name}: append`, () => {
    it('gives dense sequences from 1 on', async () => {
      const log = await opened();
      expect(await log.last()).toBe(0);
      expect(await appendTexts(log, 'a', 'b', 'c')).toEqual([1, 2, 3]);
      expect(await log.last()).toBe(3);
    });

    it('resolves with the sequence of its own entry, many at a time', async () => {
      const log = await opened();
      const follower = await follow(log, 1);
      const texts = upTo(200).map(String);
      const sequences = await Promise.all(texts.map((text) => log.append(Buffer.from(text), `id-${text}`)));
      expect(sequences.toSorted((a, b) => a - b)).toEqual(upTo(200));
      await follower.until(200);
      expect(follower.sequences).toEqual(upTo(200));
      for (const [i, text] of texts.entries()) {
        // `sequences` has one for each text, and `held` all of them in order.
        expect(textOf(follower.held[sequences[i]! - 1]!)).toBe(text);
      }
    });

    it('keeps the order of appends that one caller makes without waiting', async () => {
      const log = await opened();
      const sequences = await Promise.all(upTo(50).map((i) => log.append(Buffer.from(`${i}`), `id-${i}`)));
      expect(sequences).toEqual(upTo(50));
    });

    it.each<[string, Uint8Array]>([
      ['nothing', new Uint8Array()],
      ['one zero byte', new Uint8Array(1)],
      ['every byte', Uint8Array.from({ length: 256 }, (_, byte) => byte)],
      ['line ends and no UTF-8', Uint8Array.of(0x0d, 0x0a, 0xff, 0xfe, 0x0a, 0xc3)],
      ['512 KiB', Uint8Array.from({ length: 512 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 0xff)],
      ['a part of a bigger buffer', new Uint8Array(64).fill(7).subarray(10, 20)],
    ])('gives back byte for byte: %s', async (_, data) => {
      const log = await opened();
      const sequence = await log.append(data, 'id-1');
      await appendTexts(log, 'behind');
      const follower = await follow(log, 1);
      await follower.until(2);
      for (const entry of [await log.entryAt(sequence), follower.held[0]])
        expect(Buffer.compare(entry?.data ?? Buffer.from('none'), data)).toBe(0);
    });

    it('takes an id again, which is at the sequence that it says', async () => {
      const log = await opened();
      await appendTexts(log, 'before');
      for (let i = 0; i < 2; i++) {
        const sequence = await log.append(Buffer.from('again'), 'same-id');
        const entry = await log.entryAt(sequence);
        expect(entry && textOf(entry)).toBe('again');
      }
      const last = await log.last();
      expect(await appendTexts(log, 'behind')).toEqual([last + 1]);
    });

    it('says its time in whole ms of a wall clock', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b');
      const times = [await log.entryAt(at(1)), await log.entryAt(at(2))].map((entry) => entry?.time ?? NaN);
      // Between 2020 and 2100: neither seconds nor µs.
      for (const time of times) {
        expect(Number.isInteger(time)).toBe(true);
        expect(time).toBeGreaterThan(1_577_836_800_000);
        expect(time).toBeLessThan(4_102_444_800_000);
      }
    });
  });

  describe(`${name}: follow`, () => {
    it.each([1, 2, 5, 6])('gets entries from sequence %i on, those that are there and each new one', async (from) => {
      const log = await opened();
      await appendTexts(log, '1', '2', '3', '4', '5');
      const follower = await follow(log, from);
      await appendTexts(log, '6', '7');
      await follower.until(7);
      expect(follower.sequences).toEqual(upTo(7, from));
      expect(follower.held.map(textOf)).toEqual(upTo(7, from).map(String));
      expect(follower.reasons).toEqual([]);
    });

    it('leaves no hole and repeats nothing when it begins between appends', async () => {
      const log = await opened();
      const appends = upTo(100).map((i) => log.append(Buffer.from(`${i}`), `id-${i}`));
      await appends[0];
      const followers = await Promise.all([follow(log, 1), follow(log, 2)]);
      for (let i = 101; i <= 150; i++) appends.push(log.append(Buffer.from(`${i}`), `id-${i}`));
      await Promise.all(appends);
      for (const [i, follower] of followers.entries()) {
        await follower.until(150);
        expect(follower.sequences).toEqual(upTo(150, i + 1));
      }
    });

    it('tells several followers the same', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b');
      const followers = await Promise.all([follow(log, 1), follow(log, 1), follow(log, 3)]);
      await appendTexts(log, 'c', 'd');
      for (const follower of followers) await follower.until(4);
      const [one, two, three] = followers.map(({ held }) =>
        held.map((entry) => [entry.sequence, entry.time, textOf(entry)]),
      );
      expect(one).toHaveLength(4);
      expect(two).toEqual(one);
      expect(three).toEqual(one?.slice(2));
    });

    it('agrees with entryAt', async () => {
      const log = await opened();
      const follower = await follow(log, 1);
      await appendTexts(log, 'a', 'b');
      await follower.until(2);
      for (const entry of follower.held) {
        const there = await log.entryAt(entry.sequence);
        expect(there && [there.sequence, there.time, textOf(there)]).toEqual([
          entry.sequence,
          entry.time,
          textOf(entry),
        ]);
      }
    });

    it('stops at once, and leaves the others alone', async () => {
      const log = await opened();
      const [leaving, staying] = [await follow(log, 1), await follow(log, 1)];
      await appendTexts(log, 'a');
      await Promise.all([leaving.until(1), staying.until(1)]);
      leaving.stop();
      await appendTexts(log, 'b', 'c');
      await staying.until(3);
      expect(leaving.sequences).toEqual([1]);
      leaving.stop();
      expect(staying.sequences).toEqual([1, 2, 3]);
    });

    it.each([0, 2, 5])('refuses sequence %i of an empty log', async (from) => {
      const log = await opened();
      await expect(log.follow(at(from), new Collector())).rejects.toThrow(RangeError);
    });

    it('refuses a sequence more than one ahead, and tells the follower nothing', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b');
      const refused = new Collector();
      await expect(log.follow(at(4), refused)).rejects.toThrow(RangeError);
      const follower = await follow(log, 3);
      await appendTexts(log, 'c', 'd');
      await follower.until(4);
      expect(refused.held).toEqual([]);
    });
  });
}
