/** An issuer that is away or hangs: known keys stay valid for a day, and no request waits for them. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { query, sse, webSocket } from '../../support/clients/doors.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, issuerKey, type KeySet, keySet, part, pass } from '../../support/server/tokens.ts';

const REFUSED = { status: 401, code: 'UNAUTHENTICATED' };
const UNAVAILABLE = { status: 503, code: 'ENGINE_UNAVAILABLE' };
const IN = { status: 'in' };
const MINUTES = 60;
const HOURS = 3600;

/** Starts a server that has admitted a token. */
const withKnownKey = async () => {
  const key = await issuerKey('first', 'ES256');
  const set = await keySet(key);
  const log = logLines('info');
  const server = await startServer({ jwks: `${set.url}?token=hunter2`, logger: log.logger });
  const knock = (token: string) => query.knock(server, { headers: bearer(token) });
  expect(await knock(await key.sign())).toMatchObject(IN);
  return { key, set, log, server, knock };
};

describe('known keys', () => {
  it.each<[string, (set: KeySet) => unknown]>([
    ['nobody listens', (set) => set.close()],
    ['the issuer answers 500', (set) => set.answer(500, '')],
    ['the issuer answers with a page', (set) => set.answer(200, '<html>')],
  ])('known keys stay valid for 24 hours while %s, and no longer', async (_name, fail) => {
    const { key, set, server, knock } = await withKnownKey();
    await fail(set);
    pass(11 * MINUTES);
    expect(await knock(await key.sign())).toMatchObject(IN);
    expect(await knock(await key.sign({}, { kid: undefined }))).toMatchObject(IN);
    pass(23 * HOURS);
    for (const door of [query, sse, webSocket])
      expect(await door.knock(server, { headers: bearer(await key.sign()) })).toMatchObject(IN);
    expect(await knock(await key.sign({ exp: 1 }))).toMatchObject(REFUSED);
    expect(await knock(`${await key.sign()}AA`)).toMatchObject(REFUSED);
    pass(1 * HOURS);
    expect(await knock(await key.sign())).toMatchObject(UNAVAILABLE);
    expect(await webSocket.knock(server, { headers: bearer(await key.sign()) })).toMatchObject({ status: 1013 });
  });

  it('known keys expire a day after the last answer and are valid again once the issuer is back', async () => {
    const { key, set, knock } = await withKnownKey();
    pass(23 * HOURS);
    expect(await knock(await key.sign())).toMatchObject(IN);
    expect(set.fetches).toBe(2);
    set.answer(503, '');
    pass(23 * HOURS);
    expect(await knock(await key.sign())).toMatchObject(IN);
    pass(2 * HOURS);
    expect(await knock(await key.sign())).toMatchObject(UNAVAILABLE);
    set.publish(key);
    expect(await knock(await key.sign())).toMatchObject(IN);
  });

  it('known keys are used while a request to the issuer hangs', async () => {
    const { key, set, log, knock } = await withKnownKey();
    const asked = set.hold();
    pass(11 * MINUTES);
    for (let times = 0; times < 5; times++) expect(await knock(await key.sign())).toMatchObject(IN);
    await asked;
    expect(set.fetches).toBe(2);
    expect(log.saying(/key set/)).toEqual([]);
    set.release();
  });

  it('known keys are used at once and refreshed in the background when they are due', async () => {
    const { key, set, knock } = await withKnownKey();
    const next = await issuerKey('second', 'ES256');
    set.publish(next);
    const asked = set.hold();
    pass(10 * MINUTES + 5);
    expect(await knock(await key.sign())).toMatchObject(IN);
    await asked;
    set.release();
    await expect.poll(async () => knock(await key.sign())).toMatchObject(REFUSED);
    expect(await knock(await next.sign())).toMatchObject(IN);
    expect(set.fetches).toBe(2);
  });

  it('a withdrawn key admits no token after a long silence', async () => {
    const { key, set, knock } = await withKnownKey();
    set.publish(await issuerKey('second', 'ES256'));
    pass(11 * MINUTES);
    expect(await knock(await key.sign())).toMatchObject(REFUSED);
  });

  it('known keys are not fetched again with each request while the issuer is away', async () => {
    const { key, set, knock } = await withKnownKey();
    set.answer(500, '');
    pass(11 * MINUTES);
    for (let times = 0; times < 10; times++) expect(await knock(await key.sign())).toMatchObject(IN);
    expect(set.fetches).toBe(2);
    pass(31);
    for (let times = 0; times < 10; times++) expect(await knock(await key.sign())).toMatchObject(IN);
    expect(set.fetches).toBe(3);
  });

  it('known keys stay valid and are refreshed when the clock is set back', async () => {
    const { key, set, knock } = await withKnownKey();
    pass(-5 * HOURS);
    expect(await knock(await key.sign())).toMatchObject(IN);
    expect(set.fetches).toBe(1);
    const steady = performance.now.bind(performance);
    const later = vi.spyOn(performance, 'now').mockImplementation(() => steady() + 11 * MINUTES * 1000);
    onTestFinished(() => later.mockRestore());
    expect(await knock(await key.sign())).toMatchObject(IN);
    expect(set.fetches).toBe(2);
  });
});

describe('a key that isn’t known while the issuer is away', () => {
  it('a token with an unknown key is not called invalid while the issuer is away', async () => {
    const { set, knock } = await withKnownKey();
    const next = await issuerKey('second', 'ES256');
    set.answer(500, '');
    pass(31);
    expect(await knock(await next.sign())).toMatchObject(UNAVAILABLE);
    expect(await knock(await next.sign({}, { kid: undefined }))).toMatchObject(UNAVAILABLE);
    set.publish(next);
    expect(await knock(await next.sign())).toMatchObject(IN);
  });

  it('text that is no token is refused at once, without a fetch', async () => {
    const key = await issuerKey('first', 'ES256');
    const set = await keySet(key);
    set.answer(500, '');
    const server = await startServer({ jwks: set.url });
    const [, claims, signature] = (await key.sign()).split('.');
    for (const bad of [
      'a',
      'x.y.z',
      `${part({ alg: 'none' })}.${claims}.`,
      `${part({ alg: 'HS256' })}.${claims}.${signature}`,
    ])
      expect(await query.knock(server, { headers: bearer(bad) })).toMatchObject(REFUSED);
    expect(set.fetches).toBe(0);
  });

  it('unknown keys cause at most one fetch per second while the issuer is away', async () => {
    const { set, knock } = await withKnownKey();
    set.answer(500, '');
    pass(31);
    const token = await (await issuerKey('second', 'ES256')).sign();
    const begun = performance.now();
    for (let times = 0; times < 3; times++) expect(await knock(token)).toMatchObject(UNAVAILABLE);
    const seconds = (performance.now() - begun) / 1000;
    expect(set.fetches - 2).toBeLessThanOrEqual(seconds + 0.1);
  });
});

describe('the log', () => {
  it('the server logs once that the issuer is away, with the consequence, and once that it is back', async () => {
    const { key, set, log, knock } = await withKnownKey();
    set.answer(500, '');
    pass(11 * MINUTES);
    for (let times = 0; times < 5; times++) await knock(await key.sign());
    pass(31);
    for (let times = 0; times < 5; times++) await knock(await key.sign());
    const away = await log.said(/cannot fetch the key set/);
    expect(away).toMatchObject({
      level: 'warn',
      jwks: set.url,
      fetched: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    expect(away.msg).toContain('known keys stay valid for 24 hours');
    expect(away).toHaveProperty('err.stack', expect.stringContaining('200 OK'));
    expect(log.saying(/key set/)).toHaveLength(1);
    pass(25 * HOURS);
    for (let times = 0; times < 2; times++) await knock(await key.sign());
    expect(log.saying(/key set/)).toMatchObject([
      {},
      { level: 'warn', msg: expect.stringMatching(/refused/) as string },
    ]);
    set.publish(key);
    for (let times = 0; times < 5; times++) await knock(await key.sign());
    expect(log.saying(/key set/).slice(2)).toMatchObject([{ level: 'info', msg: 'the key set was fetched again' }]);
    expect(log.text).not.toContain('hunter2');
  });

  it('the server logs that the issuer is away when it has never answered', async () => {
    const log = logLines('info');
    const key = await issuerKey('first', 'ES256');
    const set = await keySet(key);
    set.answer(404, '');
    const server = await startServer({ jwks: set.url, logger: log.logger });
    const verdict = await query.knock(server, { headers: bearer(await key.sign()) });
    expect(verdict).toMatchObject({ ...UNAVAILABLE, message: expect.stringMatching(/^cannot fetch the key set/) });
    expect(log.saying(/key set/)).toMatchObject([{ level: 'warn', msg: expect.stringMatching(/refused/) as string }]);
    expect(log.saying(/key set/)[0]).not.toHaveProperty('fetched');
  });
});
