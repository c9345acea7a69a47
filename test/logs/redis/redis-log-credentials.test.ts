import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { redisLog, type RedisLogOptions } from '../../../src/logs/redis/redis-log.ts';
import { certificates } from '../../support/engines/certificates.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithRedis, RedisSentinel } from '../../support/engines/redis.ts';
import { openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, upTo } from '../../../src/testing/recording.ts';
import { refusalToOpen } from '../refusal.ts';
import { appendForSure } from '../writing.ts';
import { replaced } from '../../support/documents/replaced.ts';

const refusalOf = (options: RedisLogOptions): Promise<string> =>
  refusalToOpen((logger) => redisLog({ engineTimeoutMs: 1000, logger, ...options }));

/** `URL` with credentials in it. */
const as = (url: string, credentials: string): string => url.replace('//', `//${credentials}@`);

const ANNA = 'user anna on >p@ss/w0rd ~* &* +@all';

describeWithRedis('credentials of Redis', (start, program) => {
  it('an append whose WAIT is forbidden is answered as indeterminate, and not as refused', async () => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all -wait', 'user default off'] });
    const log = await openRedisLog(as(redis.url, 'anna:right'), { wait: 1, engineTimeoutMs: 1000 });
    await expect(appendTexts(log, 'a')).rejects.toMatchObject({ code: 'INDETERMINATE' });
    expect(await log.last()).toBeGreaterThan(0);
  });

  it('a password in the URL is shown to Redis, and never told', async () => {
    const redis = await start({ config: ['requirepass p@ss/w0rd'] });
    const log = await openRedisLog(as(redis.url, ':p%40ss%2Fw0rd'));
    expect(await appendTexts(log, 'a')).toEqual([1]);
    for (const wrong of [as(redis.url, ':n0-such-w0rd'), redis.url]) {
      const said = await refusalOf({ url: wrong });
      expect(said).toMatch(/EngineUnavailableError: Redis at 127\.0\.0\.1:\d+ can't be used: .*(NOAUTH|WRONGPASS)/);
      expect(said).not.toContain('n0-such-w0rd');
    }
  });

  it('a user and a password in the URL are shown to Redis, and never told', async () => {
    const redis = await start({ config: [ANNA, 'user default off'] });
    const log = await openRedisLog(as(redis.url, 'anna:p%40ss%2Fw0rd'));
    expect(await appendTexts(log, 'a')).toEqual([1]);
    const said = await refusalOf({ url: as(redis.url, 'anna:n0-such-w0rd') });
    expect(said).toMatch(/Redis at 127\.0\.0\.1:\d+ can't be used: /);
    expect(said).not.toMatch(/n0-such-w0rd|anna/);
  });

  it('a Redis user needs the rights in docs/engines.md only', async () => {
    const [, rights = ''] = /^user seamline on >secret (.*)$/m.exec(readFileSync('docs/engines.md', 'utf8')) ?? [];
    const redis = await start({ config: [`user anna on >right ${rights.replaceAll('{seamline}', '{test}')}`] });
    await start({ replicaOf: redis.url });
    await redis.copied();
    const { logger, lines, until } = hearing();
    const map = await StreamingMap.open({
      log: redisLog({ url: as(redis.url, 'anna:right'), stream: 'test', snapshotBytes: 1, wait: 1, logger }),
    });
    onTestFinished(() => map.close());
    const made = until(/made a snapshot/);
    await Promise.all(upTo(1000).map((n) => map.insert({ key: `k${n}`, value: 'x'.repeat(500) })));
    await made;
    expect(map.health()).toEqual({ ok: true });
    expect(lines.filter((line) => /NOPERM|ermission|Redis (refuses|can't)/.test(line))).toEqual([]);
  });

  it('a missing right is named', async () => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all -eval -evalsha', 'user default off'] });
    const said = await refusalOf({ url: as(redis.url, 'anna:right') });
    expect(said).toMatch(/Redis.*NOPERM/);
    expect(said).not.toContain('right@');
  });

  it('a log goes on after the password of Redis was changed, and changed back', async () => {
    const redis = await start({ config: ['requirepass right'] });
    const log = await openRedisLog(as(redis.url, ':right'), { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    const client = redis.client(as(redis.url, ':right'));
    await client.config('SET', 'requirepass', 'other');
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => log.health(), { timeout: 60_000 }).toMatchObject({ ok: false });
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await client.config('SET', 'requirepass', 'right');
    expect(await appendForSure(log, 'c')).toBe(2);
  });

  it('certificates are checked on both sides', async () => {
    const { ca, cert, key } = certificates();
    const strangers = certificates();
    const redis = await start({ tls: { ca, cert, key }, config: ['requirepass right'] });
    const url = as(redis.url, ':right');
    const log = await openRedisLog(url, { tlsCa: ca, tlsCert: cert, tlsKey: key });
    expect(await appendTexts(log, 'a')).toEqual([1]);
    const shown = { tlsCert: cert, tlsKey: key };
    expect(await refusalOf({ url, ...shown, tlsCa: strangers.ca })).toMatch(/can't be used: .*(certificate|issuer)/i);
    expect(await refusalOf({ url: replaced(url, 'localhost', '127.0.0.1'), ...shown, tlsCa: ca })).toMatch(
      /can't be used: .*(altname|IP)/i,
    );
    expect(await refusalOf({ url, tlsCa: ca })).toMatch(/can't be used/);
  });

  it('rediss:// is refused by a server without TLS', async () => {
    const redis = await start();
    expect(await refusalOf({ url: redis.url.replace('redis:', 'rediss:') })).toMatch(/can't be used/);
  });

  it('a password is shown to the master that Sentinel names, and never told', async () => {
    const master = await start({ config: ['requirepass right'] });
    const sentinel = await RedisSentinel.start('watched', master, program);
    const log = await openRedisLog(as(sentinel.url, ':right'), { sentinel: 'watched' });
    expect(await appendTexts(log, 'a')).toEqual([1]);
    const said = await refusalOf({ url: as(sentinel.url, ':n0-such-w0rd'), sentinel: 'watched' });
    expect(said).toMatch(/Redis at 127\.0\.0\.1:\d+ can't be used: .*WRONGPASS/);
    expect(said).not.toContain('n0-such-w0rd');
    expect(await refusalOf({ url: sentinel.url, sentinel: 'unknown' })).toMatch(/can't be used: .*[Ss]entinel/);
  });
});

describeWithRedis('options of a Redis log', () => {
  it.each<[string, Partial<RedisLogOptions>, RegExp]>([
    ['no server', { url: [] }, /url must name a server/],
    ['another protocol', { url: 'http://anna:s3cret@host' }, /URL 1 must be one such as redis:/],
    ['half a URL', { url: ['a', 'redis://anna:s3cret@'], sentinel: 'x' }, /URL 2 must be one such as/],
    ['a path', { url: 'redis://s3cret@host/path' }, /URL 1 must be one such as/],
    ['several without Sentinel', { url: ['redis://:s3cret@a', 'redis://:s3cret@b'] }, /sentinel/],
    ['two users', { url: ['redis://anna:s3cret@a', 'redis://b:s3cret@b'], sentinel: 'x' }, /must agree/],
    ['a nameless master', { sentinel: '' }, /sentinel must be/],
    ['a file that isn’t there', { tlsCa: '/nowhere' }, /\/nowhere can't be read: ENOENT/],
    ['a certificate without its key', { tlsCert: '/nowhere' }, /tlsCert and tlsKey need each other/],
    ['a strange name', { stream: 'a.b' }, /stream must be of letters, digits, - and _/],
    ['fewer than no copies', { wait: -1 }, /wait must be a whole number/],
    ['half a copy', { wait: 0.5 }, /wait must be a whole number/],
    ['no time', { engineTimeoutMs: 0 }, /engineTimeoutMs must be a whole number/],
  ])('a Redis log is not made with %s, and the error tells no secret', (_, options, words) => {
    const refused = (): unknown => redisLog({ url: 'redis://host', ...options });
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(words);
    expect(refused).not.toThrow(/s3cret/);
  });
});
