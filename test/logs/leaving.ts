/** A process that has a map on an engine, and closes it when it is told to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { EngineServer } from '../support/engines/engine-server.ts';

/** What becomes of the engine before. */
export const WAYS = ['is there', 'stands still', 'is gone'] as const;

const INDEX = new URL('../../src/index.ts', import.meta.url).href;

/** `log`: an expression that makes one, by what the module of the engine exports. Resolves with how the process has ended. */
export async function leave(
  server: EngineServer,
  engine: 'nats' | 'redis',
  log: string,
  how: (typeof WAYS)[number],
): Promise<unknown> {
  const program = `
    import { StreamingMap } from '${INDEX}';
    import * as logs from '${new URL(`../../src/logs/${engine}/${engine}-log.ts`, import.meta.url).href}';
    const map = await StreamingMap.open({ log: logs.${log} });
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
