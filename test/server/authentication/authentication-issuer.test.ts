/** Issuers that rotate their keys, are slow, or are away. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { LOOK_EVERY_MS } from '../../../src/transports/protocol/admission.ts';
import { query, sse, webSocket } from '../../support/clients/doors.ts';
import { openSocket } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, issuerKey, keySet, pass, secondsFromNow } from '../../support/server/tokens.ts';

const REFUSED = { status: 401, code: 'UNAUTHENTICATED' };
const IN = { status: 'in' };

const withKeys = async () => {
  const key = await issuerKey('first', 'ES256');
  const set = await keySet(key);
  const server = await startServer({ jwks: set.url });
  const knock = (token: string) => query.knock(server, { headers: bearer(token) });
  return { key, set, server, knock };
};

describe('the rotation of keys', () => {
  it('after a rotation a token of a new key is admitted and one of a withdrawn key is refused', async () => {
    const { key, set, knock } = await withKeys();
    expect(await knock(await key.sign())).toMatchObject(IN);
    const next = await issuerKey('second', 'ES256');
    set.publish(key, next);
    pass(31);
    expect(await knock(await next.sign())).toMatchObject(IN);
    expect(await knock(await key.sign())).toMatchObject(IN);
    set.publish(next);
    pass(11 * 60);
    expect(await knock(await next.sign())).toMatchObject(IN);
    expect(await knock(await key.sign())).toMatchObject(REFUSED);
  });

  it('unknown keys cause at most one fetch in half a minute, whatever clients send', async () => {
    const { key, set, server, knock } = await withKeys();
    expect(await knock(await key.sign())).toMatchObject(IN);
    const stranger = await issuerKey('first', 'ES256');
    const many = async () => {
      const tokens = await Promise.all(
        Array.from({ length: 50 }, (_, index) => stranger.sign({}, { kid: `k${index}` })),
      );
      for (const { status } of await Promise.all(tokens.map((token) => knock(token)))) expect(status).toBe(401);
    };
    await many();
    expect(set.fetches).toBe(1);
    pass(31);
    await many();
    expect(set.fetches).toBe(2);
    expect(server.map.health().ok).toBe(true);
  });

  it('known keys stay valid when a refresh fails', async () => {
    const { key, set, knock } = await withKeys();
    expect(await knock(await key.sign())).toMatchObject(IN);
    set.answer(500, '');
    pass(31);
    expect(await knock(await (await issuerKey('second', 'ES256')).sign())).toMatchObject({ status: 503 });
    expect(await knock(await key.sign())).toMatchObject(IN);
  });
});

describe('a key set that is out of reach', () => {
  it.each([
    [404, 'not found'],
    [200, 'no JSON'],
    [200, '{}'],
    [200, '{"keys":1}'],
    [302, ''],
  ])('a key set that is out of reach is ENGINE_UNAVAILABLE and not the token’s fault (%i %j)', async (status, body) => {
    const { key, set, server, knock } = await withKeys();
    set.answer(status, body);
    const verdict = await knock(await key.sign());
    expect(verdict).toMatchObject({ status: 503, code: 'ENGINE_UNAVAILABLE' });
    expect(verdict.message).not.toContain(set.url);
    expect(await webSocket.knock(server, { headers: bearer(await key.sign()) })).toMatchObject({ status: 1013 });
  });

  it('a key set is out of reach when nothing listens at its address', async () => {
    const { key, set, server } = await withKeys();
    await set.close();
    expect(await sse.knock(server, { headers: bearer(await key.sign()) })).toMatchObject({ status: 503 });
    expect(await query.knock(server)).toMatchObject(REFUSED);
    expect((await fetch(new URL('/ready', server.url))).status).toBe(200);
  });

  it('a key set is fetched once for all requests that wait for it', async () => {
    const { key, set, knock } = await withKeys();
    const asked = set.hold();
    const token = await key.sign();
    const knocks = Promise.all(Array.from({ length: 20 }, () => knock(token)));
    await asked;
    set.release();
    for (const verdict of await knocks) expect(verdict).toMatchObject(IN);
    expect(set.fetches).toBe(1);
  });

  it('a client that leaves while the key set is fetched holds nothing (G10)', async () => {
    const { key, set, server, knock } = await withKeys();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    const asked = set.hold();
    const socket = await openSocket(server);
    const exp = secondsFromNow(100_000);
    socket.send({ type: 'connection_init', payload: { Authorization: `Bearer ${await key.sign({ exp })}` } });
    await asked;
    socket.close();
    await socket.closed;
    await expectGone(server);
    set.release();
    // This request has the keys, so the other one had them too.
    expect(await knock(await key.sign())).toMatchObject(IN);
    const looks = timers.mock.calls.filter(([, ms]) => ms === LOOK_EVERY_MS);
    expect(looks, 'timers for a token whose connection is gone').toHaveLength(0);
  });
});

async function expectGone(server: SeamlineServer): Promise<void> {
  await expect
    .poll(async () => (await fetch(new URL('/metrics', server.url))).text())
    .toContain('seamline_connections{transport="websocket"} 0');
}
