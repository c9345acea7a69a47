/** What happens to the files behind the log's back. It refuses, and says where; or nothing is missing. A repair keeps a prefix. */
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';
import { Dice } from '../../support/random/dice.ts';
import { copyOf, hearing, openKept, temporaryDirectory } from '../../support/engines/kept.ts';

const COUNT = 400;
const SEEDS = Number(process.env['DAMAGE_RUNS'] ?? 60);

/** A killed process's directory, with snapshots, sealed segments and a write-ahead log; and what the map was at each head. */
interface Written {
  readonly directory: string;
  /** Checksums by position. */
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

/** What it holds is what was there at its head. */
function expectPrefix({ replica }: StreamingMap, { checksums }: Written): void {
  expect(checksums.get(replica.head.position)).toBe(replica.items.checksum);
}

describe('a damaged directory', () => {
  const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);

  /** The map, or why it refused. */
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
    // It goes on from there, and stays.
    const { cursor } = await repaired.insert({ key: 'new', value: 1 });
    await repaired.close();
    const again = await openKept(copy);
    expect(again.get('new')?.cursor).toBe(cursor);
    await again.close();
  }

  it.each(['flips a bit', 'cuts off', 'overwrites a page with zeros'])(
    'when something %s: it has everything, or refuses with the name of the file; a repair keeps a prefix',
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

  it('with a torn end shows nothing of it', async () => {
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

  it('whose end was answered and is gone refuses to start, and says what is lacking', async () => {
    const { directory } = await write(temporaryDirectory());
    rmSync(walIn(directory));
    await expect(openKept(directory)).rejects.toThrow(
      /log-\d{16}\.db is damaged: it ends at sequence \d+, but \d+ had been answered/,
    );
  });

  it('that lacks a segment refuses to start', async () => {
    const { directory } = await write(temporaryDirectory());
    const [, second = ''] = filesIn(directory).filter((name) => name.endsWith('.db'));
    rmSync(join(directory, second));
    await expect(openKept(directory)).rejects.toThrow(/it ends at sequence \d+, but the next one begins with \d+/);
  });

  it('that lacks its whole log does not begin a new one', async () => {
    const { directory } = await write(temporaryDirectory());
    for (const name of filesIn(directory)) if (name.startsWith('log-')) rmSync(join(directory, name));
    await expect(openKept(directory)).rejects.toThrow(`${directory} is damaged: its entries are gone`);
  });

  it('with a segment of another log refuses to start', async () => {
    const [one, two] = [await write(temporaryDirectory()), await write(temporaryDirectory())];
    const [name, other] = [one, two].map(
      ({ directory }) => filesIn(directory).find((each) => each.endsWith('.db')) ?? '',
    );
    writeFileSync(join(one.directory, name ?? ''), readFileSync(join(two.directory, other ?? '')));
    await expect(openKept(one.directory)).rejects.toThrow(`${name} is damaged: it belongs elsewhere`);
  });

  it('tells clients that are ahead of what a repair has left (G4)', async () => {
    const { directory } = await write(temporaryDirectory());
    const whole = await openKept(copyOf(directory));
    const { cursor } = await whole.insert({ key: 'ahead', value: 1 });
    truncateSync(walIn(directory), statSync(walIn(directory)).size >> 1);
    const map = await openKept(directory, { repair: true });
    expect(map.replica.head.position).toBeLessThan(whole.replica.head.position);
    await expect(map.items({ after: cursor }).next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    expect((await map.changes({ after: cursor }).next()).value).toMatchObject({ reset: true });
  });

  it('is left as it was by a repair when nothing is wrong with it', async () => {
    const written = await write(temporaryDirectory());
    const before = filesIn(written.directory).filter((name) => !name.endsWith('-wal'));
    const map = await openKept(written.directory, { repair: true });
    expect(map.replica.head.position).toBe(written.head);
    await map.close();
    expect(filesIn(written.directory)).toEqual(before);
  });
});

describe('a directory that is put back as it was earlier', () => {
  it('tells clients that are ahead, also when as much was written anew (G4)', async () => {
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

it('a directory that can not be made is refused with its name', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  const log = fileLog({ directory: join(file, 'log') });
  await expect(log.open()).rejects.toThrow(file);
  await log.close();
});
