/** Files that change while no log uses them: the log refuses to open and names the file, or nothing is missing. A repair keeps a prefix. */
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';
import { Dice } from '../../support/random/dice.ts';
import { copyOf, hearing, openKept, temporaryDirectory } from '../../support/engines/kept.ts';

const COUNT = 400;
const SEEDS = Number(process.env['DAMAGE_RUNS'] ?? 60);

/** The directory of a killed process, with snapshots, sealed segments and a write-ahead log. */
interface Written {
  readonly directory: string;
  /** Of the map, by the position of its head. */
  readonly checksums: ReadonlyMap<number, string>;
  readonly head: number;
}

async function write(directory: string): Promise<Written> {
  const { logger, until } = hearing();
  const map = await openKept(directory, { logger, snapshotBytes: 15_000, map: { maxItems: 40, window: 60 } });
  const checksums = new Map<number, string>();
  const note = (): unknown => checksums.set(map.replica.head.position, map.replica.items.checksum);
  note();
  const insert = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) {
      await map.insert({ key: `k${n % 50}`, value: [n, 'x'.repeat(n % 300)] });
      note();
    }
  };
  for (let round = 0; round < 3; round++) {
    const made = until(/made a snapshot/);
    await insert(round * 100, round * 100 + 100);
    await made;
  }
  await insert(300, COUNT);
  return { directory: copyOf(directory), checksums, head: map.replica.head.position };
}

const filesIn = (directory: string): string[] => readdirSync(directory).toSorted();
const walIn = (directory: string): string =>
  join(directory, filesIn(directory).findLast((name) => name.endsWith('-wal')) ?? '');

/** The map is what it was when its head was written. */
function expectPrefix({ replica }: StreamingMap, { checksums }: Written): void {
  expect(checksums.get(replica.head.position)).toBe(replica.items.checksum);
}

describe('a damaged directory', () => {
  const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);

  /** The map, or the error. */
  const open = (directory: string): Promise<StreamingMap | Error> => openKept(directory).catch((error: Error) => error);

  async function check(directory: string, copy: string, written: Written): Promise<void> {
    const opened = await open(directory);
    if (!(opened instanceof Error)) {
      expect(opened.replica.head.position).toBe(written.head);
      expectPrefix(opened, written);
      return opened.close();
    }
    expect(opened.message).toContain(directory);
    expect(opened.message).toMatch(/is damaged: |can't be read: /);
    const repaired = await openKept(copy, { repair: true });
    expectPrefix(repaired, written);
    // It takes insertions, and keeps them.
    const { cursor } = await repaired.insert({ key: 'new', value: 1 });
    await repaired.close();
    const again = await openKept(copy);
    expect(again.get('new')?.cursor).toBe(cursor);
    await again.close();
  }

  it.each(['flips a bit', 'cuts off', 'overwrites a page with zeros'])(
    'a directory in which something %s opens with everything, or is refused with the name of the file; a repair keeps a prefix',
    async (what) => {
      const written = await write(temporaryDirectory());
      for (const seed of seeds) {
        const dice = new Dice(seed);
        const directory = copyOf(written.directory);
        const name = dice.pick(filesIn(directory).filter((each) => statSync(join(directory, each)).size > 0));
        const path = join(directory, name);
        const bytes = readFileSync(path);
        const at = dice.below(bytes.length);
        if (what === 'flips a bit') bytes[at] = bytes[at]! ^ (1 << dice.below(8));
        else if (what === 'cuts off') truncateSync(path, at);
        else bytes.fill(0, at, Math.min(bytes.length, at + 4096));
        if (what !== 'cuts off') writeFileSync(path, bytes);

        const repaired = copyOf(directory);
        await check(directory, repaired, written).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${name} at ${at}`, { cause });
        });
        for (const each of [directory, repaired]) rmSync(each, { recursive: true });
      }
    },
    120_000,
  );

  it('garbage at the end of the write-ahead log is ignored', async () => {
    const written = await write(temporaryDirectory());
    for (const garbage of [
      Buffer.alloc(5000, 7),
      Buffer.alloc(32),
      readFileSync(walIn(written.directory)).subarray(32, 3000),
    ]) {
      const directory = copyOf(written.directory);
      appendFileSync(walIn(directory), garbage);
      const map = await openKept(directory);
      expect(map.replica.head.position).toBe(written.head);
      expectPrefix(map, written);
      await map.close();
    }
  });

  it('a directory without its last answered entries is refused, with their sequence', async () => {
    const { directory } = await write(temporaryDirectory());
    rmSync(walIn(directory));
    await expect(openKept(directory)).rejects.toThrow(
      /log-\d{16}\.db is damaged: it ends at sequence \d+, but \d+ had been answered/,
    );
  });

  it('a directory without one of its segments is refused', async () => {
    const { directory } = await write(temporaryDirectory());
    const [, second = ''] = filesIn(directory).filter((name) => name.endsWith('.db'));
    rmSync(join(directory, second));
    await expect(openKept(directory)).rejects.toThrow(/it ends at sequence \d+, but the next one begins with \d+/);
  });

  it('a directory without any segment is refused, and no new log is created in it', async () => {
    const { directory } = await write(temporaryDirectory());
    for (const name of filesIn(directory)) if (name.startsWith('log-')) rmSync(join(directory, name));
    await expect(openKept(directory)).rejects.toThrow(`${directory} is damaged: its entries are gone`);
  });

  it('a directory with a segment of another log is refused', async () => {
    const [one, two] = [await write(temporaryDirectory()), await write(temporaryDirectory())];
    const [name, other] = [one, two].map(
      ({ directory }) => filesIn(directory).find((each) => each.endsWith('.db')) ?? '',
    );
    writeFileSync(join(one.directory, name ?? ''), readFileSync(join(two.directory, other ?? '')));
    await expect(openKept(one.directory)).rejects.toThrow(`${name} is damaged: it belongs elsewhere`);
  });

  it('a client that is ahead of a repaired log is told that its cursor has expired (G4)', async () => {
    const { directory } = await write(temporaryDirectory());
    const whole = await openKept(copyOf(directory));
    const { cursor } = await whole.insert({ key: 'ahead', value: 1 });
    truncateSync(walIn(directory), statSync(walIn(directory)).size >> 1);
    const map = await openKept(directory, { repair: true });
    expect(map.replica.head.position).toBeLessThan(whole.replica.head.position);
    await expect(map.items({ after: cursor }).next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    expect((await map.changes({ after: cursor }).next()).value).toMatchObject({ reset: true });
  });

  it('a repair of a sound directory changes nothing', async () => {
    const written = await write(temporaryDirectory());
    const before = filesIn(written.directory).filter((name) => !name.endsWith('-wal'));
    const map = await openKept(written.directory, { repair: true });
    expect(map.replica.head.position).toBe(written.head);
    await map.close();
    expect(filesIn(written.directory)).toEqual(before);
  });
});

describe('a directory that is restored from a backup', () => {
  it('a client that is ahead of a restored log is told, also when the log has grown as far again (G4)', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory);
    await map.insert({ key: 'a', value: 1 });
    const earlier = copyOf(directory);
    const { cursor } = await map.insert({ key: 'b', value: 1 });
    await map.close();

    const again = await openKept(earlier);
    await expect(again.items({ after: cursor }).next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    await again.insert({ key: 'b', value: 2 });
    await again.insert({ key: 'c', value: 2 });
    await expect(again.items({ after: cursor }).next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    expect((await again.changes({ after: cursor }).next()).value).toMatchObject({ reset: true, caughtUp: true });
  });
});

it('a directory that can’t be created is refused with its name', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  const log = fileLog({ directory: join(file, 'log') });
  await expect(log.open()).rejects.toThrow(file);
  await log.close();
});
