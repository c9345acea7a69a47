import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { natsLog, type NatsLogOptions } from '../../../src/logs/nats/nats-log.ts';
import { certificates } from '../../support/engines/certificates.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithNats } from '../../support/engines/nats.ts';
import { credsUser, nkeyUser } from '../../support/engines/nats-identities.ts';
import { openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { appendTexts, upTo } from '../../../src/testing/recording.ts';
import { refusalToOpen } from '../refusal.ts';
import { appendForSure } from '../writing.ts';

const refusalOf = (options: NatsLogOptions): Promise<string> =>
  refusalToOpen((logger) => natsLog({ engineTimeoutMs: 1000, logger, ...options }));

describeWithNats('credentials of NATS', () => {
  it('a user and a password in the URL are shown to NATS, and never told', async () => {
    const nats = await startNats({ config: 'authorization { user: "anna", password: "p@ss/w0rd" }' });
    const { host } = new URL(nats.url);
    const log = await openNatsLog(`nats://anna:p%40ss%2Fw0rd@${host}`);
    expect(await appendTexts(log, 'a')).toEqual([1]);
    for (const wrong of [`nats://anna:n0-such-w0rd@${host}`, `nats://n0-such-w0rd@${host}`, nats.url]) {
      const said = await refusalOf({ servers: wrong });
      expect(said).toMatch(/EngineUnavailableError: NATS at 127\.0\.0\.1:\d+ can't be used: .*Authorization/i);
      expect(said).not.toMatch(/n0-such-w0rd|anna/);
    }
  });

  it('a token in the URL is shown to NATS', async () => {
    const nats = await startNats({ config: 'authorization { token: "s3cret-token" }' });
    const log = await openNatsLog(`nats://s3cret-token@${new URL(nats.url).host}`);
    expect(await appendTexts(log, 'a')).toEqual([1]);
  });

  it('an nkey whose seed is in a file is shown to NATS, and never told', async () => {
    const [user, other] = [nkeyUser(), nkeyUser()];
    const nats = await startNats({ config: `authorization { users: [{ nkey: ${user.publicKey} }] }` });
    const log = await openNatsLog(nats.url, { nkey: user.file });
    expect(await appendTexts(log, 'a')).toEqual([1]);
    const said = await refusalOf({ servers: nats.url, nkey: other.file });
    expect(said).toMatch(/can't be used: .*Authorization/i);
    expect(said).not.toContain(other.seed);
  });

  it('credentials in a file are shown to NATS, and never told', async () => {
    const [user, other] = [credsUser(), credsUser()];
    const nats = await startNats({ config: user.config });
    const log = await openNatsLog(nats.url, { creds: user.file });
    expect(await appendTexts(log, 'a')).toEqual([1]);
    const said = await refusalOf({ servers: nats.url, creds: other.file });
    expect(said).toMatch(/can't be used: .*Authorization/i);
    expect(said).not.toContain(other.seed);
  });

  it('a reconnect shows what the file holds by then, or what it held while it is being written', async () => {
    const [user, next] = [nkeyUser(), nkeyUser()];
    const seed = readFileSync(user.file);
    const nats = await startNats({
      config: `authorization { users: [{ nkey: ${user.publicKey} }, { nkey: ${next.publicKey} }] }`,
    });
    const log = await openNatsLog(nats.url, { nkey: user.file });
    for (const content of [seed.subarray(0, 20), Buffer.from(next.seed)]) {
      writeFileSync(user.file, content);
      await nats.kill();
      await nats.start();
      await appendForSure(log, content.toString());
    }
    expect(await log.last()).toBe(2);
  });

  it('a NATS user needs the documented rights only', async () => {
    const publish = ['test.commands', 'test.snapshots', '$O.test-snapshots.>', '$JS.API.>'];
    const subscribe = ['test.snapshots', '_INBOX.>'];
    const permissions = JSON.stringify({ publish, subscribe });
    const nats = await startNats({
      config: `authorization { users: [{ user: anna, password: right, permissions: ${permissions} }] }`,
    });
    const { logger, lines, until } = hearing();
    const map = await StreamingMap.open({
      log: natsLog({
        servers: nats.url.replace('//', '//anna:right@'),
        stream: 'test',
        snapshotBytes: 1,
        logger,
      }),
    });
    onTestFinished(() => map.close());
    const made = until(/made a snapshot/);
    await Promise.all(upTo(1000).map((n) => map.insert({ key: `k${n}`, value: 'x'.repeat(500) })));
    await made;
    expect(lines.filter((line) => /NATS reports an error|ermission/.test(line))).toEqual([]);
  });

  it('certificates are checked on both sides', async () => {
    const { ca, cert, key } = certificates();
    const strangers = certificates();
    const nats = await startNats({
      config: `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true }`,
    });
    const servers = `tls://localhost:${nats.port}`;
    const log = await openNatsLog(servers, { tlsCa: ca, tlsCert: cert, tlsKey: key });
    expect(await appendTexts(log, 'a')).toEqual([1]);
    expect(await refusalOf({ servers, tlsCa: strangers.ca })).toMatch(/can't be used: .*(certificate|issuer)/i);
    expect(await refusalOf({ servers, tlsCa: ca })).toMatch(/can't be used/);
  });

  it('tls:// is refused by a server without TLS', async () => {
    const nats = await startNats();
    expect(await refusalOf({ servers: nats.url.replace('nats:', 'tls:') })).toMatch(/does not support 'tls'/);
  });
});

describeWithNats('options of a NATS log', () => {
  it.each<[string, Partial<NatsLogOptions>, RegExp]>([
    ['no server', { servers: [] }, /servers must name at least one/],
    ['another protocol', { servers: 'ws://anna:s3cret@host' }, /server 1 must be a URL such as/],
    ['half a URL', { servers: ['a', 'nats://anna:s3cret@'] }, /server 2 must be a URL such as/],
    ['a path', { servers: 'nats://s3cret@host/path' }, /server 1 must be a URL/],
    ['two users', { servers: ['nats://anna:s3cret@a', 'nats://berta:s3cret@b'] }, /must name the same user/],
    ['two ways', { servers: 'nats://anna:s3cret@a', creds: '/s3' }, /exclude each other/],
    ['a file that isn’t there', { creds: '/nowhere' }, /creds: \/nowhere can't be read: ENOENT/],
    ['a file that holds nothing of use', { creds: '/dev/null' }, /creds: \/dev\/null doesn't hold what NATS wants/],
    ['a certificate without its key', { tlsCert: '/nowhere' }, /tlsCert and tlsKey need each other/],
    ['a strange name', { stream: 'a.b' }, /stream must be of letters, digits, - and _/],
    ['a strange domain', { domain: 'a.b' }, /domain must be of letters, digits, - and _/],
    ['too many replicas', { replicas: 6 }, /replicas must be 5 or less/],
    ['half a server', { replicas: 0.5 }, /replicas must be a whole number/],
    ['no time', { engineTimeoutMs: 0 }, /engineTimeoutMs must be a whole number/],
  ])('a NATS log is not made with %s, and the error tells no secret', (_, options, words) => {
    const refused = (): unknown => natsLog({ servers: 'nats://host', ...options });
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(words);
    expect(refused).not.toThrow(/s3cret/);
  });
});
