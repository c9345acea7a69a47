/** A disk that is really full: a small one in memory, where mounting is allowed. Elsewhere test/logs/file/file-log-faults.test.ts covers it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { copyOf, openKept, temporaryDirectory } from '../support/engines/kept.ts';
import { urlOf } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';

/** Mounts the disk; undefined when that is not allowed. */
function smallDisk(megabytes: number): string | undefined {
  const directory = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]));
  return directory;
}

it.for([0, 1, 2, 3])(
  'a server on a full disk refuses insertions, shows none of them, and accepts them again when there is room (%i)',
  async (round, { skip }) => {
    const disk = smallDisk(4);
    if (disk === undefined) return skip('nothing may be mounted here');
    const [data, ballast] = [join(disk, 'log'), join(disk, 'ballast')];
    mkdirSync(data);
    writeFileSync(ballast, Buffer.alloc(600_000 + round * 1111));
    const server = await startServer({ data });
    const answered = new Map<string, string>();
    const refused = new Set<string>();
    const insert = async (key: string, bytes = 20_000): Promise<void> => {
      await server.map.insert({ key, value: 'x'.repeat(bytes) }).then(
        ({ cursor }) => answered.set(key, cursor),
        (error: { code: string }) => refused.add(`${key} ${error.code}`),
      );
    };
    for (let n = 0; refused.size < 5; n += 3)
      await Promise.all([n, n + 1, n + 2].map((each) => insert(`k${each}`, 20_000 + round * 777)));
    expect([...refused].every((each) => each.endsWith(' ENGINE_UNAVAILABLE'))).toBe(true);
    expect((await fetch(urlOf(server, '/ready'))).status).toBe(503);
    expect(server.map.replica.items.size).toBe(answered.size);

    const expectAnswered = async (): Promise<void> => {
      const map = await openKept(copyOf(data));
      expect([...answered].map(([key]) => map.get(key)?.cursor)).toEqual([...answered.values()]);
      expect(map.replica.items.size).toBe(answered.size);
      await map.close();
    };
    await expectAnswered();
    rmSync(ballast);
    await expect.poll(async () => (await fetch(urlOf(server, '/ready'))).status, { timeout: 60_000 }).toBe(200);
    await insert('after', 10);
    expect(answered.has('after')).toBe(true);
    await expectAnswered();
    await server.drain();
    await expectAnswered();
  },
);
