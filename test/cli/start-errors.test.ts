/** Why `seamline serve` does not start, in one line that names flags and not the options of `createServer`. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { runCli } from '../support/processes/processes.ts';

/** The lines on stderr that are no log lines. */
const saidIn = (stderr: string): string[] => stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

describe('seamline serve, called with flags that make no sense,', () => {
  it.each<[args: string[], env: Record<string, string>, message: string]>([
    [['--data', 'a', '--nats', 'nats://b'], {}, '--data and --nats exclude each other: choose one'],
    [['--nats', 'nats://b'], { SEAMLINE_DATA: 'a' }, 'SEAMLINE_DATA and --nats exclude each other: choose one'],
    [
      ['--data', 'a', '--redis', 'redis://b', '--nats', 'nats://c'],
      {},
      '--data and --nats and --redis exclude each other: choose one',
    ],
    [
      ['--jwks', 'https://a.example/', '--jwt-secret', 'b'],
      {},
      '--jwks and --jwt-secret exclude each other: choose one',
    ],
    [['--nats-creds', 'a'], {}, '--nats-creds needs --nats'],
    [[], { SEAMLINE_REDIS_WAIT: '1' }, 'SEAMLINE_REDIS_WAIT needs --redis'],
    [['--stream', 'a'], {}, '--stream needs --nats, --redis or --postgres'],
    [['--engine-timeout', '5'], {}, '--engine-timeout needs --nats, --redis or --postgres'],
    [['--repair'], {}, '--repair needs --data'],
    [['--jwt-audience', 'a'], {}, '--jwt-audience needs --jwks or --jwt-secret'],
    [['--jwt-secret', ''], {}, '--jwt-secret must not be empty'],
    [['--jwks', 'nope'], {}, '--jwks must be an http or https URL'],
    [['--data', ''], {}, '--data must name a directory'],
    [['--nats', 'nats://a', '--nats-creds', '/nowhere'], {}, "--nats-creds: /nowhere can't be read: ENOENT"],
    [['--nats', 'nats://a', '--nats-nkey', '/nowhere/nats'], {}, "--nats-nkey: /nowhere/nats can't be read: ENOENT"],
    [
      ['--nats', 'nats://u:p@a', '--nats-creds', 'a'],
      {},
      '--nats-creds, --nats-nkey and a user in a URL exclude each other: choose one',
    ],
    [['--nats', 'nats://a', '--nats-tls-cert', 'a'], {}, '--nats-tls-cert and --nats-tls-key need each other'],
    [['--nats', 'http://redis'], {}, '--nats: server 1 must be a URL such as nats://host:4222 or tls://host:4222'],
    [['--nats', 'nats://a', '--stream', 'a.b'], {}, '--stream must be of letters, digits, - and _, not "a.b"'],
    [['--redis', 'redis://a', '--redis-tls-ca', '/redis'], {}, "--redis-tls-ca: /redis can't be read: ENOENT"],
    [
      ['--host', '0.0.0.0'],
      {},
      'without authentication 0.0.0.0 would be open to everybody: pass --open, --jwks, --jwt-secret, or a loopback --host',
    ],
  ])('seamline serve %j with %j exits with 2 and says which', async (args, env, message) => {
    const { code, stdout, stderr } = await runCli(['--port', '0', ...args], env);
    expect(saidIn(stderr)).toEqual([`seamline: ${message}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

it('seamline serve --redis names --redis-sentinel when there are several URLs', async () => {
  const { code, stderr } = await runCli(['--port', '0', '--redis', 'redis://a,redis://b']);
  expect(stderr).toMatch(/^seamline: --redis: several URLs are those of Sentinels: .*--redis-sentinel\b.*$/m);
  expect(code).toBe(2);
});

it.each([
  ['--nats', 'nats://a', '@nats-io/transport-node', 'NATS', '@nats-io/transport-node @nats-io/jetstream @nats-io/obj'],
  ['--redis', 'redis://a', 'ioredis', 'Redis', 'ioredis'],
  ['--postgres', 'postgres://a', 'pg', 'PostgreSQL', 'pg'],
])('seamline serve %s %s without the package %s says what to install', async (flag, url, missing, engine, packages) => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { return next(name === '${missing}' ? 'not-installed' : name, context); } });`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
  const { code, stderr } = await runCli(['--port', '0', flag, url], { NODE_OPTIONS });
  expect(saidIn(stderr)).toEqual([`seamline: ${engine} needs its client library: npm install ${packages}`]);
  expect(code).toBe(2);
});

describe('seamline serve, where it cannot listen,', () => {
  it('seamline serve names --port when the port is in use, and exits with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    for (const [args, env] of [
      [['--port', String(port)], {}],
      [[], { PORT: String(port) }],
    ] as const) {
      const { code, stderr } = await runCli(args, env);
      expect(saidIn(stderr)).toEqual([`seamline: port ${port} is in use: choose another one with --port`]);
      expect(code).toBe(1);
    }
  });

  // 192.0.2.0/24 is reserved for documentation.
  it('seamline serve names --host when the address is of another machine, and exits with 1', async () => {
    const { code, stderr } = await runCli(['--port', '0', '--host', '192.0.2.1', '--open']);
    expect(saidIn(stderr)).toEqual([
      'seamline: 192.0.2.1 is not an address of this machine: choose another one with --host',
    ]);
    expect(code).toBe(1);
  });
});

describe('seamline serve --data, with a path that cannot be its directory,', () => {
  const file = (): string => {
    const path = join(temporaryDirectory(), 'items.json');
    writeFileSync(path, '[]');
    return path;
  };

  it.each<[string, () => string, RegExp]>([
    ['a file', file, /is not a directory/],
    ['a path below a file', () => join(file(), 'data'), /is not a directory/],
    ['a device', () => '/dev/null', /is not a directory/],
  ])('seamline serve --data refuses %s in one line and exits with 1', async (_, make, reason) => {
    const path = make();
    const { code, stdout, stderr } = await runCli(['--port', '0', '--data', path]);
    const [line = '', ...others] = saidIn(stderr);
    expect(line).toBe(`seamline: ${path} ${reason.source}: choose another one with --data`);
    expect({ code, stdout, others }).toEqual({ code: 1, stdout: '', others: [] });
  });

  it.skipIf(process.platform !== 'linux').each([
    ['/proc/x', /can't be created \(ENOENT\)/],
    ['/proc/x/y', /can't be created \(ENOENT\)/],
    ['/proc', /can't be written/],
  ])('seamline serve --data %s ends at once, in one line, and exits with 1', async (path, reason) => {
    const { code, stdout, stderr } = await runCli(['--port', '0', '--data', path]);
    const [line = '', ...others] = saidIn(stderr);
    expect(line).toMatch(reason);
    expect(line).toMatch(/^seamline: \/proc\S* .*: choose another one with --data$/);
    expect({ code, stdout, others }).toEqual({ code: 1, stdout: '', others: [] });
  });
});
