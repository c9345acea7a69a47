/** docs/docker.md without a container engine: test/support/processes/container.ts runs the container's command on this machine. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { InsertItemDocument, ItemDocument } from '../../schema/documents/graphql.ts';
import { codeOf, commandsOf, put } from '../support/documents/blocks.ts';
import { type Address, ask } from '../support/clients/clients.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { freePort } from '../support/engines/engine-server.ts';
import { addressAt } from '../support/sockets/passing.ts';
import { isMissing } from '../support/processes/programs.ts';
import { post } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';
import { printed, served, type } from '../support/processes/shell.ts';
import { bearer, issuerKey, keySet, SECRET, sign } from '../support/server/tokens.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/docker.md';
const input = { key: 'a', value: 1 };

/** The status of a query. */
const asks = async ({ url }: Address, token: string): Promise<number> =>
  (await fetch(`${url}?query={item(key:"a"){key}}`, { headers: bearer(token) })).status;

describe('docs/docker.md', () => {
  it('Docker: the container serves everybody with --open, and does not start without', async () => {
    const [command = ''] = commandsOf(1, PAGE, 'Docker');
    expect(await ask(await served(command), InsertItemDocument, { input })).toMatchObject({ insertItem: { key: 'a' } });
    const { code, stderr } = await type(put(command, { '--open': '' })).exited;
    expect(stderr).toMatch(/^seamline: .*--open.*\n$/);
    expect(code).toBe(2);
  });

  it('Docker, the second block: a volume keeps the items', async () => {
    const cwd = temporaryDirectory();
    const [command = ''] = commandsOf(1, PAGE, 'Docker', 2);
    const first = await served(command, { cwd });
    await ask(first, InsertItemDocument, { input });
    first.signal('SIGKILL');
    await first.exited;
    expect(await ask(await served(command, { cwd }), ItemDocument, { key: 'a' })).toMatchObject({ item: { value: 1 } });
  });

  it('Production: the container requires a token of the issuer and for this audience', async () => {
    const cwd = temporaryDirectory();
    const key = await issuerKey('one');
    const keys = await keySet(key);
    const [command = ''] = commandsOf(1, PAGE, 'Production');
    const settings = codeOf(PAGE, 'Production', 2);
    const environment = put(settings, { 'https://id.example.org/.well-known/jwks.json': keys.url });
    writeFileSync(join(cwd, 'seamline.env'), environment);
    const server = await served(command, { cwd });
    const claims = { aud: 'https://example.org', iss: 'https://id.example.org/' };
    expect(await asks(server, await key.sign(claims))).toBe(200);
    for (const wrong of [
      { ...claims, aud: 'another' },
      { ...claims, iss: 'another' },
    ])
      expect(await asks(server, await key.sign(wrong))).toBe(401);
    server.signal('SIGKILL');

    // The other of the two settings.
    const bySecret = put(environment, {
      [`SEAMLINE_JWKS=${keys.url}`]: '',
      '#SEAMLINE_JWT_SECRET=': `SEAMLINE_JWT_SECRET=${SECRET}`,
    });
    writeFileSync(join(cwd, 'seamline.env'), bySecret);
    expect(await asks(await served(command, { cwd }), await sign(claims))).toBe(200);
  });

  it('Production, the third block: the other commands print help, insert and tail', async () => {
    const [help = '', insert = '', tail = ''] = commandsOf(3, PAGE, 'Production', 3);
    expect(await printed(help)).toContain('--open');
    const server = await startServer({ jwtSecret: SECRET });
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'items.ndjson'), '{"key":"a","value":1}\n');
    const env = { TOKEN: await sign(), SERVER_URL: server.url };
    await printed(insert, { cwd, env });
    expect(server.map.get('a')).toMatchObject({ value: 1 });
    expect((await type(tail, { cwd, env }).said(/.*\n/))[0]).toContain('"key":"a"');
  });

  it('Health checks: the probes name paths that the server answers, and a user that the image has', async () => {
    const { livenessProbe, readinessProbe, securityContext } = parse(codeOf(PAGE, 'Health checks')) as {
      [probe: string]: { httpGet: { path: string; port: number } };
    } & { securityContext: unknown };
    const server = await startServer();
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    for (const { httpGet } of [livenessProbe!, readinessProbe!]) {
      expect((await fetch(new URL(httpGet.path, server.url))).status).toBe(200);
      expect(dockerfile).toContain(`EXPOSE ${httpGet.port}\n`);
    }
    expect(securityContext).toMatchObject({ runAsNonRoot: true });
    expect(dockerfile).toMatch(/^USER [1-9]\d*:/m);
  });

  it.skipIf(isMissing('caddy') || isMissing('openssl'))(
    'Behind a proxy: the compose file serves /graphql alone, to callers with a token',
    async () => {
      const cwd = temporaryDirectory();
      const [port, origin] = [await freePort(), `http://127.0.0.1:${await freePort()}`];
      const [compose, site] = [codeOf(PAGE, 'Behind a proxy'), codeOf(PAGE, 'Behind a proxy', 2)];
      writeFileSync(join(cwd, 'compose.yaml'), compose);
      const here = put(site, { 'example.org': origin, 'seamline:4000': `127.0.0.1:${port}` });
      writeFileSync(join(cwd, 'Caddyfile'), `{\n\tadmin off\n}\n${here}`);
      const [command = ''] = commandsOf(1, PAGE, 'Behind a proxy', 3);
      const random = 'openssl rand -base64 32';
      await served(put(command, { [random]: `${random} | tee secret` }), { cwd, env: { SEAMLINE_PORT: String(port) } });
      const secret = readFileSync(join(cwd, 'secret'), 'utf8').trim();
      const proxy = addressAt(origin);
      const headers = bearer(await sign({ aud: 'https://example.org' }, { secret }));
      const insert = { query: String(InsertItemDocument), variables: { input } };
      await expect
        .poll(
          () =>
            fetch(origin).then(
              (answer) => answer.status,
              () => 0,
            ),
          { timeout: 60_000 },
        )
        .toBe(404);
      expect(await (await post(proxy, insert, headers)).json()).toMatchObject({ data: { insertItem: { key: 'a' } } });
      expect((await post(proxy, insert)).status).toBe(401);
    },
  );
});
