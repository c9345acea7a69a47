import { describe, expect, it, onTestFinished } from 'vitest';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import { appendTexts, at, follow, textOf } from './collector.ts';
import { describeEntries } from './entries.ts';
import { describeKeeping, inPieces, readAll } from './keeping.ts';

/** A log of its own for one test. */
export interface OpenedLog {
  /** Not yet open, and empty. The suite opens and closes it. */
  readonly log: OrderedLog;
  /** Of an engine that keeps more than its process: what was left behind, by another instance, not yet open. */
  readonly reopen?: () => Promise<OrderedLog>;
}

/** What every `OrderedLog` has to do. `openLog` makes an empty one for each test, and sees to it that its store goes away. */
export function describeLog(name: string, openLog: () => Promise<OpenedLog>): void {
  const opened = async (): Promise<OrderedLog> => {
    const { log } = await openLog();
    await log.open();
    onTestFinished(() => log.close());
    return log;
  };

  describeEntries(name, opened);
  describeKeeping(name, opened);

  describe(`${name}: the log`, () => {
    it('says an epoch that stays', async () => {
      const log = await opened();
      const epoch = await log.open();
      expect(epoch).toMatch(/^[0-9a-z]{12}$/);
      await appendTexts(log, 'a');
      expect(await log.open()).toBe(epoch);
      expect((await log.entryAt(at(1)))?.sequence).toBe(1);
    });

    it('says another epoch than another log', async () => {
      expect(await (await opened()).open()).not.toBe(await (await opened()).open());
    });

    it('has no entry that is not there yet', async () => {
      const log = await opened();
      expect(await log.entryAt(at(1))).toBeUndefined();
      await appendTexts(log, 'a');
      expect(await log.entryAt(at(2))).toBeUndefined();
      expect(await log.entryAt(at(0))).toBeUndefined();
    });

    it('is well, and has a name', async () => {
      const log = await opened();
      expect(log.health()).toEqual({ ok: true });
      expect(log.engine).toMatch(/^[a-z]+$/);
    });

    it('is there again once it is opened again, if its engine keeps it', async ({ skip }) => {
      const { log, reopen } = await openLog();
      if (!reopen) return skip();
      const epoch = await log.open();
      await appendTexts(log, '1', '2', '3');
      const time = (await log.entryAt(at(3)))?.time;
      await log.saveSnapshot({ sequence: at(3), commandId: 'c3', chunks: inPieces('three') });
      await log.trim(at(2));
      await log.close();

      const again = await reopen();
      onTestFinished(() => again.close());
      expect(await again.open()).toBe(epoch);
      expect(await again.last()).toBe(3);
      expect((await again.entryAt(at(3)))?.time).toBe(time);
      expect(await readAll(again)).toEqual([[3, 'c3', 'three']]);
      const follower = await follow(again, 2);
      expect(await appendTexts(again, '4')).toEqual([4]);
      await follower.until(4);
      expect(follower.held.map(textOf)).toEqual(['2', '3', '4']);
    });
  });
}
