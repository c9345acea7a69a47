import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { redisLog, type RedisLogOptions } from '../../../src/logs/redis/redis-log.ts';
import { certificates } from '../../support/engines/certificates.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithRedis, RedisSentinel } from '../../support/engines/redis.ts';
import { openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, upTo } from '../../../src/testing/recording.ts';
import { appendForSure } from '../writing.ts';
import { replaced } from '../../support/documents/replaced.ts';

/** What it says when it can't be opened, in the error and all its causes and in its log. */
async function refusalOf(options: RedisLogOptions): Promise<string> {
  const { logger, lines } = hearing();
  const log = redisLog({ engineTimeoutMs: 1000, logger, ...options });
  let error: unknown = await log.open().then(
    () => new Error('it was opened'),
    (refusal: unknown) => refusal,
  );
  await log.close();
  const said = [...lines];
  for (; error instanceof Error; error = error.cause) said.push(`${error.name}: ${error.message} ${error.stack}`);
  return said.join('\n');
}

/** `URL` with credentials in it. */
const as = (url: string, credentials: string): string => url.replace('//', `//${credentials}@`);

const ANNA = 'user anna on >p@ss/w0rd ~* &* +@all';

describeWithRedis('a Redis log shows', (start, program) => {
  it('what it may not wait for as maybe written, and not as refused', async () => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all -wait', 'user default off'] });
    const log = await openRedisLog(as(redis.url, 'anna:right'), { wait: 1, engineTimeoutMs: 1000 });
    await expect(appendTexts(log, 'a')).rejects.toMatchObject({ code: 'INDETERMINATE' });
    expect(await log.last()).toBeGreaterThan(0);
  });

  it('the password in its URL, and never says it', async () => {
    const redis = await start({ config: ['requirepass p@ss/w0rd'] });
    const log = await openRedisLog(as(redis.url, ':p%40ss%2Fw0rd'));
    expect(await appendTexts(log, 'a')).toEqual([1]);
    for (const wrong of [as(redis.url, ':n0-such-w0rd'), redis.url]) {
      const said = await refusalOf({ url: wrong });
      expect(said).toMatch(/EngineUnavailableError: Redis at 127\.0\.0\.1:\d+ can't be used: .*(NOAUTH|WRONGPASS)/);
      expect(said).not.toContain('n0-such-w0rd');
    }
  });

  it('the user and the password in its URL, and never says them', async () => {
    const redis = await start({ config: [ANNA, 'user default off'] });
    const log = await openRedisLog(as(redis.url, 'anna:p%40ss%2Fw0rd'));
    expect(await appendTexts(log, 'a')).toEqual([1]);
    const said = await refusalOf({ url: as(redis.url, 'anna:n0-such-w0rd') });
    expect(said).toMatch(/Redis at 127\.0\.0\.1:\d+ can't be used: /);
    expect(said).not.toMatch(/n0-such-w0rd|anna/);
  });

  it('itself as a user who may do no more than docs/engines.md says', async () => {
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
    expect(lines.filter((line) => /NOPERM|ermission|Redis (takes|can't)/.test(line))).toEqual([]);
  });

  it('says which right it lacks', async () => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all -eval -evalsha', 'user default off'] });
    const said = await refusalOf({ url: as(redis.url, 'anna:right') });
    expect(said).toMatch(/Redis.*NOPERM/);
    expect(said).not.toContain('right@');
  });

  it('what it has when it is asked again: a password that was changed, and changed back', async () => {
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

  it('its certificate, and checks the server’s', async () => {
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

  it('nothing to a server that has no TLS, when it was told rediss://', async () => {
    const redis = await start();
    expect(await refusalOf({ url: redis.url.replace('redis:', 'rediss:') })).toMatch(/can't be used/);
  });

  it('its password to the master that Sentinel names', async () => {
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

describeWithRedis('a Redis log refuses', () => {
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
  ])('%s, without saying what is secret', (_, options, words) => {
    const refused = (): unknown => redisLog({ url: 'redis://host', ...options });
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(words);
    expect(refused).not.toThrow(/s3cret/);
  });
});
