/** The start of a server with and without authentication, and secrets that it never prints. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import { createServer } from '../../../src/server/server.ts';
import { doors, query, webSocket } from '../../support/clients/doors.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, issuerKey, keySet, SECRET, secondsFromNow, sign } from '../../support/server/tokens.ts';

const EVERYWHERE = '0.0.0.0';

async function refusal(options: ServerOptions): Promise<void> {
  const server = await createServer({ port: 0, ...options });
  onTestFinished(() => server.drain());
}

describe('a server on a host that others can reach', () => {
  it('a server on a reachable host starts with a secret and requires a token', async () => {
    const server = await startServer({ host: EVERYWHERE, jwtSecret: SECRET });
    expect(await query.knock(server)).toMatchObject({ status: 401 });
    expect(await query.knock(server, { headers: bearer(await sign()) })).toMatchObject({ status: 'in' });
  });

  it('a server on a reachable host starts with a key set that cannot be fetched yet', async () => {
    const set = await keySet(await issuerKey('first', 'ES256'));
    const server = await startServer({ host: EVERYWHERE, jwks: set.url });
    expect(await query.knock(server)).toMatchObject({ status: 401 });
    expect(set.fetches).toBe(0);
  });

  it('a server with open and a secret requires a token', async () => {
    const server = await startServer({ host: EVERYWHERE, jwtSecret: SECRET, open: true });
    expect(await query.knock(server)).toMatchObject({ status: 401 });
  });

  it('a server on a reachable host does not start without authentication', async () => {
    for (const host of [EVERYWHERE, '::', '192.0.2.1'])
      await expect(refusal({ host })).rejects.toThrow(/authentication.*open.*jwks.*jwtSecret/);
  });
});

describe('an option that makes no sense', () => {
  it.each<[string, ServerOptions, RegExp]>([
    ['both a secret and a key set', { jwtSecret: SECRET, jwks: 'https://issuer.example/keys' }, /exclude each other/],
    ['an empty secret', { jwtSecret: '' }, /jwtSecret/],
    ['a key set that is no URL', { jwks: 'issuer.example/keys' }, /jwks/],
    ['a key set of a file', { jwks: 'file:///etc/keys.json' }, /jwks/],
    ['a key set with a password in its URL', { jwks: `https://user:${SECRET}@issuer.example/keys` }, /jwks.*password/],
    ['an audience without authentication', { jwtAudience: 'us' }, /jwtAudience needs/],
    ['an issuer without authentication', { jwtIssuer: 'them' }, /jwtIssuer needs/],
    ['a cookie without authentication', { jwtCookie: 'session' }, /jwtCookie needs/],
  ])('createServer refuses %s', async (_name, options, message) => {
    await expect(refusal(options)).rejects.toThrow(RangeError);
    await expect(refusal(options)).rejects.toThrow(message);
    await expect(refusal(options)).rejects.not.toThrow(SECRET);
  });
});

describe('seamline serve', () => {
  it('seamline serve on a reachable host exits with 2 and one line that names the options', async () => {
    const { code, stdout, stderr } = await runCli(['serve', '--host', EVERYWHERE, '--port', '0']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const said = stderr
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('{'));
    expect(said).toHaveLength(1);
    for (const way of ['--open', 'jwks', 'loopback']) expect(said[0]).toContain(way);
  });

  it.each([
    ['a flag', ['--jwt-secret', SECRET], {}],
    ['the environment', [], { SEAMLINE_JWT_SECRET: SECRET }],
  ])('seamline serve takes a secret from %s and never logs it or a token', async (_name, args, env) => {
    const flags = ['serve', '--port', '0', '--host', EVERYWHERE, '--log-level', 'debug', '--jwt-cookie', 'session'];
    const { url, webSocketUrl, exited, signal } = await serveCli([...flags, ...args], env);
    const at = { url, webSocketUrl } as unknown as Awaited<ReturnType<typeof startServer>>;
    const tokens = [await sign(), await sign({ exp: secondsFromNow(-60) }), await sign({}, { secret: 'other' })];
    for (const [index, token] of tokens.entries())
      for (const door of doors) {
        const { status } = await door.knock(at, { headers: bearer(token) });
        expect(status === 'in', `with ${door.name}`).toBe(index === 0);
        await door.knock(at, { headers: { cookie: `session=${token}` } });
        await door.knock(at, { search: `?token=${token}` });
      }
    for (const token of tokens) await webSocket.knock(at, { connectionParams: { Authorization: `Bearer ${token}` } });
    await post(at, { query: `{ item(key: "${tokens[0]}") { nonsense } }` }, bearer(tokens[0] ?? ''));
    signal('SIGTERM');
    const { code, stdout, stderr } = await exited;
    expect(code).toBe(0);
    expect(stderr).toContain('UNAUTHENTICATED');
    for (const secret of [SECRET, ...tokens.map((token) => token.split('.')[2] ?? '')])
      expect(stdout + stderr).not.toContain(secret);
  });

  it.each([
    ['--help', ['serve', '--help'], 0],
    ['an unknown flag', ['serve', '--nope'], 2],
    ['a bad number', ['serve', '--port', 'x'], 2],
    ['a key set beside it', ['serve', '--jwks', 'https://issuer.example/keys'], 2],
    ['an empty flag', ['serve', '--jwt-secret='], 2],
  ])('seamline serve never prints the secret of its environment: %s', async (_name, args, expected) => {
    const { code, stdout, stderr } = await runCli(args, { SEAMLINE_JWT_SECRET: SECRET });
    expect(code).toBe(expected);
    expect(stdout + stderr).not.toContain(SECRET);
  });

  it('seamline serve never prints the secret of a flag', async () => {
    for (const flags of [
      ['--help'],
      ['--port', 'x'],
      ['--nope'],
      ['--jwks', 'https://issuer.example/keys'],
      ['--jwks', 'nonsense'],
    ]) {
      const { stdout, stderr } = await runCli(['serve', '--jwt-secret', SECRET, ...flags]);
      expect(stdout + stderr, `with ${flags.join(' ')}`).not.toContain(SECRET);
    }
  });
});

it('the logger of a library user receives refusals without tokens', async () => {
  const log = logLines('debug');
  const server = await startServer({ jwtSecret: SECRET, jwtCookie: 'session', logger: log.logger });
  const token = await sign({}, { secret: 'other' });
  for (const door of doors) {
    await door.knock(server, { headers: bearer(token) });
    await door.knock(server, { headers: { cookie: `session=${token}` } });
    await door.knock(server, { connectionParams: { headers: { Authorization: `Bearer ${token}` } } });
  }
  await log.said('refused');
  expect(log.saying('refused')[0]).toMatchObject({ code: 'UNAUTHENTICATED', level: 'warn' });
  for (const fragment of [SECRET, ...token.split('.')]) expect(log.text).not.toContain(fragment);
});
