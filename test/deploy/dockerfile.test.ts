import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startServer } from '../support/server/server.ts';

/** What only an engine can show, `node scripts/image.mjs` shows. */
describe('the Dockerfile', () => {
  const text = readFileSync('Dockerfile', 'utf8');

  test('starts Node as `npm start` does, itself and not through a shell', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
    const entryPoint = exec(/^ENTRYPOINT (\[.*\])$/m);
    expect(`node scripts/run.mjs ${entryPoint.join(' ')}`).toBe(scripts.start);
  });

  test('copies nothing that .dockerignore keeps out', () => {
    const admitted = readFileSync('.dockerignore', 'utf8').trim().split('\n');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
    expect(admitted).toEqual(['*', ...new Set(copied.map((name) => `!${name}`))]);
  });

  test('does not run as root, and says so by number', () => {
    const users = [...text.matchAll(/^USER (.+)$/gm)].map(([, user]) => user);
    expect(users).toEqual(['1000:1000']);
  });

  test.each(['SEAMLINE_PORT', 'PORT'])('finds a healthy server by %s, and an unhealthy one', async (variable) => {
    const check = (port: string): Promise<unknown> => healthCheck({ [variable]: port });
    const server = await startServer();
    const { port } = new URL(server.url);
    await check(port);
    await server.drain();
    await expect(check(port)).rejects.toMatchObject({ code: 1 });
  });

  test('finds it beside a service called seamline, of which Kubernetes makes SEAMLINE_PORT', async () => {
    const server = await startServer();
    const { port } = new URL(server.url);
    await expect(healthCheck({ SEAMLINE_PORT: 'tcp://10.96.17.4:80', PORT: port })).resolves.toBeDefined();
  });

  function healthCheck(env: Record<string, string>): Promise<unknown> {
    const [, ...args] = exec(/^HEALTHCHECK [^[]*(\[.*\])$/m);
    return promisify(execFile)(process.execPath, args, { env });
  }

  function exec(instruction: RegExp): string[] {
    const [, command = '[]'] = instruction.exec(text) ?? [];
    return JSON.parse(command) as string[];
  }
});
