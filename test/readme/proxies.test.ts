/** The configurations of proxies, each with the real proxy in front of a real server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { codeOf, put } from '../support/documents/blocks.ts';
import { ask } from '../support/clients/clients.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { freePort } from '../support/engines/engine-server.ts';
import { addressAt, breaksAll, passesAll, startProxy } from '../support/sockets/passing.ts';
import { isMissing } from '../support/processes/programs.ts';
import { printed } from '../support/processes/shell.ts';
import { startServer } from '../support/server/server.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

function written(name: string, text: string): string {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, text);
  return file;
}

const hostOf = ({ url }: SeamlineServer): string => new URL(url).host;

function isAtLeast(wanted: readonly [number, number, number], version: string): boolean {
  const parts = /(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const place = wanted.findIndex((part, index) => part !== parts[index]);
  return place < 0 || Number(parts[place]) > Number(wanted[place]);
}

const freeOrigin = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;

describe.skipIf(isMissing('nginx'))('nginx', () => {
  async function startNginx(inHttp: string, inServer: string): Promise<string> {
    const origin = await freeOrigin();
    const directory = temporaryDirectory();
    const stores = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const file = written(
      'nginx.conf',
      `daemon off; master_process off; pid ${directory}/pid; error_log stderr; events {}
      http {
        access_log off; ${stores.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
        ${inHttp}
        server { listen ${new URL(origin).host}; ${inServer} }
      }`,
    );
    await startProxy('nginx', ['-c', file], origin);
    return origin;
  }

  it('docs/docker.md, Behind a proxy: nginx passes /graphql, live, and nothing else', async () => {
    const server = await startServer({ trustProxy: true });
    const [map, location] = [4, 5].map((nth) => codeOf('docs/docker.md', 'Behind a proxy', nth)) as [string, string];
    const origin = await startNginx(map, put(location, { 'seamline:4000': hostOf(server) }));
    await passesAll(addressAt(origin), server, { origin });
    expect((await fetch(new URL('/metrics', origin))).status).toBe(404);
    await breaksAll(addressAt(origin), server, { origin });
  });

  it('docs/security.md, Reverse proxies: nginx passes everything, live', async () => {
    const server = await startServer({ trustProxy: true });
    // Of `http`, as the comment in the block says.
    const map = codeOf('docs/docker.md', 'Behind a proxy', 4);
    const location = codeOf('docs/security.md', 'Reverse proxies');
    expect(location).toContain(`# ${map.trim()}`);
    const origin = await startNginx(map, put(location, { '127.0.0.1:4000': hostOf(server) }));
    await passesAll(addressAt(origin), server, { origin });
    expect((await fetch(new URL('/ready', origin))).status).toBe(200);
    await breaksAll(addressAt(origin), server, { origin });
  });

  it('nginx shows a drain as a broken connection also over HTTP/1.0, its default (G9)', async () => {
    const server = await startServer();
    const origin = await startNginx('', `location / { proxy_pass http://${hostOf(server)}; }`);
    await breaksAll(addressAt(origin), server);
  });
});

describe.skipIf(isMissing('caddy'))('Caddy', () => {
  it('docs/security.md, Reverse proxies: Caddy passes everything, live', async () => {
    const server = await startServer({ trustProxy: true });
    const origin = await freeOrigin();
    const site = put(codeOf('docs/security.md', 'Reverse proxies', 2), {
      'example.org': origin,
      '127.0.0.1:4000': hostOf(server),
    });
    const file = written('Caddyfile', `{\n\tadmin off\n}\n${site}`);
    await startProxy('caddy', ['run', '--config', file], origin);
    await passesAll(addressAt(origin), server, { origin });
    // Older ones end a response that was broken off as if it were whole: caddyserver/caddy#5952.
    if (isAtLeast([2, 7, 6], await printed('caddy version'))) await breaksAll(addressAt(origin), server, { origin });
  });
});

describe.skipIf(isMissing('haproxy'))('HAProxy', () => {
  it('docs/scaling.md, Sharding by stream: the path of a stream leads to its nodes', async () => {
    const servers = { orders: await startServer(), prices: await startServer() };
    const origin = await freeOrigin();
    const [defaults = ''] = /^defaults\n(?: .*\n)+/m.exec(readFileSync('deploy/haproxy.cfg', 'utf8')) ?? [];
    const backend = codeOf('docs/scaling.md', 'Sharding by stream', 3);
    const backends = Object.entries(servers).map(([name, server]) =>
      put(backend, { 'orders-1:4000': hostOf(server), orders: name }),
    );
    const file = written(
      'haproxy.cfg',
      `${defaults}
frontend public
    bind ${new URL(origin).host}
${codeOf('docs/scaling.md', 'Sharding by stream', 2)}
${backends.join('')}`,
    );
    await startProxy('haproxy', ['-db', '-f', file], origin);
    for (const [name, server] of Object.entries(servers)) {
      const through = addressAt(origin, `/${name}/graphql`);
      await ask(through, 'mutation ($key: ID!) { insertItem(input: { key: $key, value: 1 }) { key } }', { key: name });
      expect(server.map.get(name)).toBeDefined();
      await server.map.remove(name);
      await passesAll(through, server);
      await breaksAll(through, server);
    }
    expect((await fetch(new URL('/graphql', origin))).status).toBe(503);
  });
});
