import { describe, expect, it } from 'vitest';
import type { LogSnapshot, OrderedLog } from '../../src/core/replication/ordered-log.ts';
import { appendTexts, at, Collector, follow, textOf } from './collector.ts';

export async function* inPieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function read({ sequence, commandId, chunks }: LogSnapshot): Promise<[number, string, string]> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return [sequence, commandId, Buffer.concat(parts).toString('latin1')];
}

export const readAll = async (log: OrderedLog): Promise<[number, string, string][]> =>
  Promise.all((await log.loadSnapshots()).map(read));

/** The part of the conformance suite that is about what a log keeps and what it lets go: trimming and snapshots. */
export function describeKeeping(name: string, opened: () => Promise<OrderedLog>): void {
  describe(`${name}: trim`, () => {
    it('lets go what is below, and not what is above', async () => {
      const log = await opened();
      await appendTexts(log, '1', '2', '3', '4', '5');
      await log.trim(at(4));
      expect(await Promise.all([1, 3, 4, 5, 6].map(async (n) => (await log.entryAt(at(n)))?.sequence))).toEqual([
        undefined,
        undefined,
        4,
        5,
        undefined,
      ]);
      for (const from of [1, 3]) await expect(log.follow(at(from), new Collector())).rejects.toThrow(RangeError);
      const follower = await follow(log, 4);
      expect(await log.last()).toBe(5);
      expect(await appendTexts(log, '6')).toEqual([6]);
      await follower.until(6);
      expect(follower.held.map(textOf)).toEqual(['4', '5', '6']);
    });

    it('takes nothing from who has it, nor from who follows further up', async () => {
      const log = await opened();
      const follower = await follow(log, 1);
      await appendTexts(log, '1', '2', '3');
      await follower.until(3);
      await log.trim(at(3));
      await appendTexts(log, '4');
      await follower.until(4);
      expect(follower.held.map(textOf)).toEqual(['1', '2', '3', '4']);
      expect(follower.reasons).toEqual([]);
    });

    it('never goes back, and twice is once', async () => {
      const log = await opened();
      await appendTexts(log, '1', '2', '3');
      for (const sequence of [3, 3, 1]) await log.trim(at(sequence));
      expect(await log.entryAt(at(2))).toBeUndefined();
      expect((await log.entryAt(at(3)))?.sequence).toBe(3);
    });

    it('of nothing lets nothing go', async () => {
      const log = await opened();
      await log.trim(at(1));
      await appendTexts(log, '1');
      await log.trim(at(1));
      expect((await log.entryAt(at(1)))?.sequence).toBe(1);
    });
  });

  describe(`${name}: snapshots`, () => {
    it('are none at first', async () => expect(await readAll(await opened())).toEqual([]));

    it('are the last two, newest first', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b', 'c');
      for (const sequence of [1, 2, 3])
        await log.saveSnapshot({ sequence: at(sequence), commandId: `c${sequence}`, chunks: inPieces(`s${sequence}`) });
      expect(await readAll(log)).toEqual([
        [3, 'c3', 's3'],
        [2, 'c2', 's2'],
      ]);
    });

    it('never give way to an older one', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b', 'c');
      for (const sequence of [3, 2, 1])
        await log.saveSnapshot({ sequence: at(sequence), commandId: `c${sequence}`, chunks: inPieces(`s${sequence}`) });
      const kept = await readAll(log);
      expect(kept[0]).toEqual([3, 'c3', 's3']);
      expect(kept.map(([sequence]) => sequence)).not.toContain(1);
    });

    it('come back whole, in pieces of any size, and more than once', async () => {
      const log = await opened();
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
        const [[sequence, commandId, text] = []] = await readAll(log);
        expect([sequence, commandId]).toEqual([1, 'c1']);
        expect(text === whole).toBe(true);
      }
    });

    it('of which one fails while it is made leave the others whole', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b');
      await log.saveSnapshot({ sequence: at(1), commandId: 'c1', chunks: inPieces('one') });
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('half');
        throw new Error('no more');
      }
      await expect(log.saveSnapshot({ sequence: at(2), commandId: 'c2', chunks: failing() })).rejects.toThrow(
        'no more',
      );
      expect(await readAll(log)).toEqual([[1, 'c1', 'one']]);
    });

    it('stay when the log is trimmed', async () => {
      const log = await opened();
      await appendTexts(log, 'a', 'b');
      await log.saveSnapshot({ sequence: at(2), commandId: 'c2', chunks: inPieces('two') });
      await log.trim(at(2));
      expect(await readAll(log)).toEqual([[2, 'c2', 'two']]);
      expect((await log.entryAt(at(2)))?.sequence).toBe(2);
    });
  });
}
