/** A disk that is really full: a small one in memory, where mounting is allowed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { follow } from '../../../src/testing/recording.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { describeWithPostgres, PostgresServer } from '../../support/engines/postgres.ts';
import { openPostgresLog } from '../../support/remote-engines/postgres-logs.ts';
import { appendForSure } from '../writing.ts';

const PATIENT = { timeout: 60_000 };

/** Mounts the disk; undefined when that is not allowed. */
function smallDisk(megabytes: number): string | undefined {
  const directory = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=777`, 'tmpfs', directory], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]));
  return directory;
}

describeWithPostgres('a full disk of PostgreSQL', () => {
  it('a log on a full disk refuses appends, goes on delivering, and has everything that it has answered', async ({
    skip,
  }) => {
    const disk = smallDisk(128);
    if (disk === undefined) return skip('nothing may be mounted here');
    const ballast = join(disk, 'ballast');
    chmodSync(disk, 0o777);
    const server = await PostgresServer.start({
      directory: disk,
      config: ['max_wal_size = 32MB', 'min_wal_size = 32MB'],
    });
    onTestFinished(() => server.stop());
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 2000 });
    const listener = await follow(log, 1);
    const answered = new Map<string, number>();
    const append = async (text: string): Promise<string | undefined> => {
      try {
        answered.set(text.slice(0, 8), await log.append(Buffer.from(text), text));
      } catch (error) {
        return (error as { code: string }).code;
      }
      return undefined;
    };
    await append('k0000000');
    writeFileSync(ballast, Buffer.alloc(20_000_000));
    const refused: string[] = [];
    for (let n = 1; refused.length < 3; n++) {
      const code = await append(`k${String(n).padStart(7, '0')}${'x'.repeat(200_000)}`);
      if (code !== undefined) refused.push(code);
    }
    expect(refused).toEqual(refused.map(() => expect.stringMatching(/^(ENGINE_UNAVAILABLE|INDETERMINATE)$/)));
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: false, reason: expect.stringMatching(/PostgreSQL/) });
    rmSync(ballast);
    await server.kill();
    await server.start();
    const last = await appendForSure(log, 'after');
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    await listener.until(last);
    const texts = listener.texts.map((text) => text.slice(0, 8));
    for (const [text, sequence] of answered) expect(texts[sequence - 1]).toBe(text);
    expect(listener.reasons).toEqual([]);
  });
});
