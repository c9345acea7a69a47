import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startServer } from '../support/server/server.ts';

/** `node scripts/image.mjs` builds the image and tests what only a container engine can show. */
describe('the Dockerfile', () => {
  const text = readFileSync('Dockerfile', 'utf8');

  test('the Dockerfile starts Node as `npm start` does, without a shell', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
    const entryPoint = exec(/^ENTRYPOINT (\[.*\])$/m);
    expect(`node scripts/run.mjs ${entryPoint.join(' ')}`).toBe(scripts.start);
  });

  test('the Dockerfile installs every client that a log imports', () => {
    const { peerDependenciesMeta } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      peerDependenciesMeta: Record<string, unknown>;
    };
    const sources = globSync('src/logs/**/*.ts').map((file) => readFileSync(file, 'utf8'));
    const clients = Object.keys(peerDependenciesMeta).filter((name) =>
      sources.some((source) => source.includes(`from '${name}'`)),
    );
    const required = [...text.matchAll(/peerDependenciesMeta\.(\S+)/g)].map(([, name]) => name);
    expect(clients.length).toBeGreaterThan(0);
    expect(required.toSorted()).toEqual(clients.toSorted());
  });

  test('the Dockerfile copies nothing that .dockerignore keeps out', () => {
    const admitted = readFileSync('.dockerignore', 'utf8').trim().split('\n');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
    expect(admitted).toEqual(['*', ...new Set(copied.map((name) => `!${name}`))]);
  });

  test('the image runs as a user other than root, given by number', () => {
    const users = [...text.matchAll(/^USER (.+)$/gm)].map(([, user]) => user);
    expect(users).toEqual(['1000:1000']);
  });

  test.each(['SEAMLINE_PORT', 'PORT'])(
    'the health check finds the server by %s and fails without one',
    async (variable) => {
      const check = (port: string): Promise<unknown> => healthCheck({ [variable]: port });
      const server = await startServer();
      const { port } = new URL(server.url);
      await check(port);
      await server.drain();
      await expect(check(port)).rejects.toMatchObject({ code: 1 });
    },
  );

  test('the health check ignores the SEAMLINE_PORT that Kubernetes sets for a service called seamline', async () => {
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
