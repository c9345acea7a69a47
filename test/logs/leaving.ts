/** A process that opens a map on an engine, and closes it on demand. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { EngineServer } from '../support/engines/engine-server.ts';

/** The state of the server when the map is closed. */
export const WAYS = ['is there', 'stands still', 'is gone'] as const;

const sourceOf = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href;

/** Resolves with how the process has ended. */
export async function leave(
  server: EngineServer,
  engine: 'nats' | 'redis' | 'postgres',
  how: (typeof WAYS)[number],
): Promise<unknown> {
  const program = `
    import { StreamingMap } from '${sourceOf('index.ts')}';
    import { ${engine}Log as open } from '${sourceOf(`logs/${engine}/${engine}-log.ts`)}';
    const log = open({ servers: '${server.url}', url: '${server.url}', engineTimeoutMs: 1000 });
    const map = await StreamingMap.open({ log });
    await map.insert({ key: 'a', value: 1 });
    void (async () => { for await (const item of map.items()) console.log(item.key); })();
    process.stdin.once('data', async () => {
      process.stdin.destroy();
      await map.close();
      console.log('closed');
    });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  if (how === 'stands still') server.pause();
  if (how === 'is gone') await server.kill();
  child.stdin.write('close');
  return exited;
}
