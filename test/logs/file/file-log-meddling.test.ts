/** What somebody else can do to the files of an open log: nothing that was answered is lost, and no log takes what it can't keep. */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';
import { copyOf, hearing, openKept, stateOf, temporaryDirectory } from '../../support/engines/kept.ts';

const SNAPSHOT = /made a snapshot/;

const filesIn = (directory: string, pattern: RegExp): string[] =>
  readdirSync(directory)
    .filter((name) => pattern.test(name))
    .toSorted()
    .map((name) => join(directory, name));

const made = mkdtempSync(join(tmpdir(), 'seamline-made-'));
afterAll(() => rmSync(made, { recursive: true, force: true }));

/** A directory with two snapshots, sealed segments and entries after them. */
beforeAll(async () => {
  const { logger, until } = hearing();
  const map = await StreamingMap.open({ log: fileLog({ directory: made, logger, snapshotBytes: 20_000 }) });
  for (let round = 0; round < 3; round++) {
    const snapshot = until(SNAPSHOT);
    for (let batch = 0; batch < 10; batch++)
      await map.insertMany(Array.from({ length: 20 }, (_, n) => ({ key: `k${n}-${round}`, value: 'x'.repeat(100) })));
    await snapshot;
  }
  await map.insert({ key: 'after', value: 1, ttl: 3600, idempotencyKey: 'once' });
  await map.close();
});

/** An open log with a copy of it. */
async function written() {
  const directory = copyOf(made);
  const { logger, lines, until } = hearing();
  const map = await openKept(directory, { logger });
  await map.insert({ key: 'newest', value: 1, ttl: 3600 });
  return { directory, map, lines, until };
}

/** A copy of the directory has what the map has. */
async function expectKept(directory: string, map: StreamingMap): Promise<void> {
  const again = await openKept(copyOf(directory));
  expect(stateOf(again)).toEqual(stateOf(map));
  await again.close();
}

const newest = (directory: string): string => filesIn(directory, /^log-\d+\.db$/).at(-1)!;
const oldest = (directory: string): string => filesIn(directory, /^log-\d+\.db$/)[0]!;

const meddling: Record<string, (directory: string) => void> = {
  'the newest segment was deleted': (directory) => rmSync(newest(directory)),
  'the write-ahead log was deleted': (directory) => rmSync(`${newest(directory)}-wal`),
  'the newest segment was cut short': (directory) => truncateSync(newest(directory), 4096),
  'the write-ahead log was emptied': (directory) => truncateSync(`${newest(directory)}-wal`),
  'the newest segment was appended to': (directory) => appendFileSync(newest(directory), 'x'),
  'the newest segment was replaced by a copy': (directory) => {
    copyFileSync(newest(directory), join(directory, 'copy'));
    renameSync(join(directory, 'copy'), newest(directory));
  },
  'the newest segment was overwritten by another one': (directory) =>
    copyFileSync(oldest(directory), newest(directory)),
  'a sealed segment was deleted': (directory) => rmSync(oldest(directory)),
  'a sealed segment was cut short': (directory) => truncateSync(oldest(directory), 100),
  'all segments were deleted': (directory) => filesIn(directory, /^log-/).forEach((path) => rmSync(path)),
  'the snapshots were deleted': (directory) => filesIn(directory, /^snapshot-/).forEach((path) => rmSync(path)),
  'the snapshots were cut short': (directory) =>
    filesIn(directory, /^snapshot-/).forEach((path) => truncateSync(path, 100)),
  'all files were deleted': (directory) => filesIn(directory, /./).forEach((path) => rmSync(path)),
  'the directory was deleted': (directory) => rmSync(directory, { recursive: true }),
};

describe.each(Object.entries(meddling))('a log of which %s while it was open', (_, meddle) => {
  it('everything that was answered is there at the next start, without another insertion', async () => {
    const { directory, map, until, lines } = await written();
    const saved = until(/saved the map again at sequence/);
    meddle(directory);
    await saved;
    expect(map.health()).toEqual({ ok: true });
    await expectKept(directory, map);
    await map.insert({ key: 'later', value: 1 });
    await expectKept(directory, map);
    await map.close();
    await expectKept(directory, map);
    expect(lines.filter((line) => line.startsWith('saved the map again'))).toHaveLength(1);
  });

  it('insertions that come at once are kept or refused, and are answered again soon', async () => {
    const { directory, map, until } = await written();
    const saved = until(/saved the map again at sequence/);
    meddle(directory);
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => map.insert({ key: `at once ${n}`, value: n })));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await saved;
    await map.insert({ key: 'later', value: 1 });
    await expectKept(directory, map);
  });
});

describe('an open log', () => {
  it.each(['mark', 'lock'])('a deleted %s is there again, and insertions go on meanwhile', async (name) => {
    const { directory, map } = await written();
    rmSync(join(directory, name));
    await map.insert({ key: 'meanwhile', value: 1 });
    await expect.poll(() => existsSync(join(directory, name)), { timeout: 10_000 }).toBe(true);
    await map.insert({ key: 'later', value: 1 });
    expect(map.health()).toEqual({ ok: true });
    await expect(openKept(directory)).rejects.toThrow('is in use by another process');
    await expectKept(directory, map);
  });

  it('a log whose lock was deleted and taken by another process is not ready, and says why', async () => {
    const { directory, map } = await written();
    const prepared = temporaryDirectory();
    await (await openKept(prepared)).close();
    // At once: the map would save itself to a directory that is not there.
    rmSync(directory, { recursive: true });
    renameSync(prepared, directory);
    const other = await openKept(directory);
    const reason = expect.stringContaining(`${directory} was replaced by another one`);
    await expect.poll(() => map.health(), { timeout: 10_000 }).toMatchObject({ ok: false, reason });
    await expect(map.insert({ key: 'refused', value: 1 })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await other.insert({ key: 'other', value: 1 });
    expect(other.health()).toEqual({ ok: true });
  });

  it('a log whose directory was moved is not ready, says why, and goes on when it is back', async () => {
    const { directory, map } = await written();
    renameSync(directory, `${directory}-moved`);
    await expect(map.insert({ key: 'refused', value: 1 })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(map.health()).toMatchObject({ reason: `${directory} was moved: the log goes on when it is back` });
    mkdirSync(directory);
    await expect
      .poll(() => map.health(), { timeout: 10_000 })
      .toMatchObject({ reason: `${directory} was replaced by another one: the log goes on when it is back` });
    rmSync(directory, { recursive: true });
    renameSync(`${directory}-moved`, directory);
    await expect.poll(() => map.health(), { timeout: 10_000 }).toEqual({ ok: true });
    await map.insert({ key: 'later', value: 1 });
    await expectKept(directory, map);
  });

  it('a log in the place of a deleted one is left as it is, and the map is saved when it has gone', async () => {
    const { directory, map, until } = await written();
    const backup = copyOf(directory);
    rmSync(directory, { recursive: true });
    cpSync(backup, directory, { recursive: true });
    await expect
      .poll(() => map.health(), { timeout: 10_000 })
      .toMatchObject({ reason: expect.stringContaining('restart to use that, or empty it to keep the current state') });
    const saved = until(/saved the map again/);
    for (const path of filesIn(directory, /./)) rmSync(path);
    await saved;
    await expectKept(directory, map);
  });

  it('a log that has no entries after its last sealed segment survives the loss of that', async () => {
    const directory = temporaryDirectory();
    const { logger, until } = hearing();
    const map = await openKept(directory, { logger, snapshotBytes: 1 });
    const snapshot = until(SNAPSHOT);
    await map.insert({ key: 'a', value: 'x'.repeat(1000) });
    await snapshot;
    await until(SNAPSHOT);
    const saved = until(/saved the map again/);
    for (const path of filesIn(directory, /^log-/).slice(0, -1)) rmSync(path);
    await saved;
    await expectKept(directory, map);
  });

  it('files that were changed are moved aside and not deleted', async () => {
    const { directory, until } = await written();
    const saved = until(/saved the map again/);
    writeFileSync(newest(directory), 'a backup');
    await saved;
    expect(filesIn(directory, /\.db\.damaged$/)).toHaveLength(1);
  });

  it('a map that can’t be saved again is not ready, and is saved as soon as it can be', async () => {
    const { directory, map, until, lines } = await written();
    rmSync(directory, { recursive: true });
    // Nothing can be created below a file.
    writeFileSync(directory, '');
    await until(/the map can't be saved again yet: .*is not a directory/);
    expect(map.health()).toMatchObject({ ok: false });
    const saved = until(/saved the map again/);
    rmSync(directory);
    await saved;
    expect(map.health()).toEqual({ ok: true });
    expect(lines.filter((line) => line.startsWith("the map can't"))).toHaveLength(1);
    await expectKept(directory, map);
  });

  it('a log that no map follows takes nothing once its directory was deleted', async () => {
    const directory = temporaryDirectory();
    const log = fileLog({ directory });
    await log.open();
    rmSync(directory, { recursive: true });
    await expect(log.append(new Uint8Array(1), 'a')).rejects.toThrow(`nothing was written: ${directory} was deleted`);
    expect(log.health()).toMatchObject({ ok: false });
    await log.close();
  });
});
