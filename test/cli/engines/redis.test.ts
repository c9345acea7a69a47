import { describe, expect, it } from 'vitest';
import { certificates } from '../../support/engines/certificates.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';
import { describeWithRedis, RedisSentinel } from '../../support/engines/redis.ts';

const insert = (key: string): string => JSON.stringify({ key, value: 1 });

describeWithRedis('seamline serve --redis', (start, program) => {
  it('seamline serve --redis is one of several nodes of one log and ends on SIGTERM', async () => {
    const redis = await start();
    const [one, two] = await Promise.all([
      serveCli(['--port', '0', '--redis', redis.url, '--stream', 'nodes']),
      serveCli([], { SEAMLINE_REDIS: redis.url, SEAMLINE_PORT: '0', SEAMLINE_STREAM: 'nodes' }),
    ]);
    expect((await runCli(['insert', '--url', one.url], {}, insert('a'))).code).toBe(0);
    const { stdout } = await runCli(['tail', '--url', two.url, '--limit', '1']);
    expect(JSON.parse(stdout)).toMatchObject({ key: 'a', value: 1 });
    one.signal('SIGTERM');
    two.signal('SIGTERM');
    expect([(await one.exited).code, (await two.exited).code]).toEqual([0, 0]);
    const client = redis.client();
    expect(await client.exists('{nodes}:commands', '{nodes}:epoch')).toBe(2);
    expect(String(await client.call('CLIENT', 'LIST'))).not.toContain('name=seamline');
  });

  it('seamline serve --redis finds the master by Sentinel, shows its certificate, and waits for replicas', async () => {
    const { ca, cert, key } = certificates();
    const [master, secure] = [await start(), await start({ tls: { ca, cert, key } })];
    const sentinel = await RedisSentinel.start('watched', master, program);
    const nowhere = sentinel.url.replace(/\d+$/, '1');
    const tls = ['--redis-tls-ca', ca, '--redis-tls-cert', cert, '--redis-tls-key', key];
    const ways = [
      ['--redis', `${nowhere},${sentinel.url}`, '--redis-sentinel', 'watched'],
      ['--redis', secure.url, ...tls],
    ];
    for (const way of ways) {
      const node = await serveCli(['--port', '0', ...way]);
      expect((await runCli(['insert', '--url', node.url], {}, insert('a'))).code).toBe(0);
      node.signal('SIGKILL');
    }
    expect(await master.client().exists('{seamline}:commands')).toBe(1);
    const alone = await runCli([
      '--port',
      '0',
      ...master.flags(),
      '--stream',
      'other',
      '--redis-wait',
      '2',
      '--engine-timeout',
      '1',
    ]);
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringMatching(/^seamline: 0 of 2 replicas /m)]);
  });

  it('seamline serve --redis exits with 1 and one line without secrets when it can use no server', async () => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all', 'user default off'] });
    const { host } = new URL(redis.url);
    const wrong = await runCli(['--port', '0', '--redis', `redis://anna:s3cret@${host}`, '--log-level', 'debug']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^seamline: Redis at 127\.0\.0\.1:\d+ can't be used: .+$/m);
    expect(wrong.stderr + wrong.stdout).not.toMatch(/s3cret|anna/);
    await redis.kill();
    const gone = await runCli(['--port', '0', '--redis', `redis://anna:right@${host}`, '--engine-timeout', '1']);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringMatching(/^seamline: .*can't be used: .*refused/im)]);
    expect(gone.stderr).not.toMatch(/right|anna/);
  });

  it('seamline serve --redis turns a warning of its client into lines of JSON', async () => {
    const redis = await start();
    const node = await serveCli(['--port', '0', '--redis', redis.url.replace('//', '//:s3cret@')]);
    node.signal('SIGTERM');
    const { code, stdout, stderr } = await node.exited;
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string; text?: string });
    const warnings = lines.filter(({ msg }) => msg === 'a package printed a warning');
    expect(warnings).toContainEqual(
      expect.objectContaining({ level: 'warn', text: expect.stringContaining('does not require a password') }),
    );
    expect(stdout).toMatch(/^seamline is ready\n( {2}\S.*\n)+$/);
    expect(stderr).not.toContain('s3cret');
    expect(code).toBe(0);
  });

  it('seamline serve --redis exits with 1 when Redis may evict the log or holds another value in its place', async () => {
    const evicting = await start({ config: ['maxmemory 50mb', 'maxmemory-policy allkeys-lfu'] });
    const full = await runCli(['--port', '0', ...evicting.flags()]);
    expect([full.code, full.stderr]).toEqual([1, expect.stringMatching(/^seamline: .*allkeys-lfu/m)]);
    const other = await start();
    await other.client().set('{seamline}:commands', 'x');
    const taken = await runCli(['--port', '0', ...other.flags()]);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringMatching(/^seamline: \{seamline\}:commands/m)]);
  });
});

describe('seamline serve', () => {
  it.each([
    [['--redis', 'redis://a', '--data', 'b'], '--data and --redis exclude each other'],
    [['--redis', 'redis://a', '--nats', 'nats://b'], '--nats and --redis exclude each other'],
    [['--redis-wait', '1'], '--redis-wait needs --redis'],
    [['--nats', 'nats://a', '--redis-sentinel', 'b'], '--redis-sentinel needs --redis'],
    [['--redis', 'http://anna:s3cret@a'], 'URL 1 must be one such as redis://host:6379'],
    [['--redis', 'redis://:s3cret@a,redis://:s3cret@b'], 'sentinel'],
    [['--redis', 'redis://a', '--stream', 'a.b'], '--stream must be of letters, digits, - and _'],
    [['--redis', 'redis://a', '--redis-wait', '-1'], '--redis-wait'],
    [['--redis', 'redis://a', '--redis-tls-ca', '/nowhere'], "/nowhere can't be read"],
  ])('seamline serve %j exits with 2', async (args, words) => {
    const { code, stderr } = await runCli(['--port', '0', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('s3cret');
  });
});
