import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JSON_BODY } from '../../support/clients/requests.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';

async function ask(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: JSON_BODY, body: JSON.stringify({ query }) });
  return ((await response.json()) as { data: unknown }).data;
}

const INSERT = 'mutation { insertItem(input: { key: "a", value: 1, idempotencyKey: "once" }) { cursor timestamp } }';
const READ = '{ item(key: "a") { cursor timestamp } stream { engine epoch cursor } }';

describe('seamline serve --data', () => {
  it.each<[string, (directory: string) => [string[], Record<string, string>]]>([
    ['by the flag', (directory) => [['--data', directory], {}]],
    ['by SEAMLINE_DATA', (directory) => [[], { SEAMLINE_DATA: directory }]],
  ])('seamline serve --data has all its items after kill -9 (%s)', async (_, called) => {
    const [flags, env] = called(join(temporaryDirectory(), 'made', 'by it'));
    const first = await serveCli(['--port', '0', ...flags], env);
    const { insertItem } = (await ask(first.url, INSERT)) as { insertItem: object };
    const before = await ask(first.url, READ);
    expect(before).toMatchObject({ item: insertItem, stream: { engine: 'file' } });
    first.signal('SIGKILL');
    await first.exited;
    const second = await serveCli(['--port', '0', ...flags], env);
    expect(await ask(second.url, READ)).toEqual(before);
    expect(await ask(second.url, INSERT)).toEqual({ insertItem });
    second.signal('SIGTERM');
    expect(await second.exited).toMatchObject({ code: 0 });
  });

  it('seamline serve --data exits with 1 and one line when another process has the directory', async () => {
    const directory = temporaryDirectory();
    await serveCli(['--port', '0', '--data', directory]);
    const { code, stderr } = await runCli(['--port', '0', '--data', directory]);
    expect(stderr.match(/^seamline: .*$/gm)).toEqual([`seamline: ${directory} is in use by another process`]);
    expect(code).toBe(1);
  });

  it('seamline serve --data names the damage and --repair, which opens the directory', async () => {
    const directory = temporaryDirectory();
    const flags = ['--port', '0', '--data', directory];
    const first = await serveCli(flags);
    await ask(first.url, INSERT);
    first.signal('SIGKILL');
    await first.exited;
    const wal = readdirSync(directory).find((name) => name.endsWith('-wal')) ?? '';
    truncateSync(join(directory, wal), 0);
    const { code, stderr } = await runCli(flags);
    expect(stderr.match(/^seamline: .*$/gm)).toEqual([
      expect.stringMatching(
        /log-0{15}1\.db is damaged: it ends at sequence 0, but 2 had been answered \(pass --repair /,
      ),
    ]);
    expect(code).toBe(1);
    const repaired = await serveCli([...flags, '--repair']);
    expect(await ask(repaired.url, '{ stream { size } }')).toEqual({ stream: { size: 0 } });
  });

  it.each([[['--data', '']], [['--repair']]])(
    'seamline serve %j prints one line on stderr and exits with 2',
    async (flags) => {
      const { code, stderr } = await runCli(['--port', '0', ...flags]);
      expect(stderr).toMatch(/^seamline: \S.*\n$/m);
      expect(code).toBe(2);
    },
  );

  it('seamline serve --data starts empty when the directory was deleted', async () => {
    const directory = temporaryDirectory();
    const flags = ['--port', '0', '--data', directory];
    const first = await serveCli(flags);
    const before = await ask(first.url, '{ stream { epoch } }');
    first.signal('SIGTERM');
    await first.exited;
    rmSync(directory, { recursive: true });
    const second = await serveCli(flags);
    expect(await ask(second.url, '{ stream { epoch } }')).not.toEqual(before);
  });
});
