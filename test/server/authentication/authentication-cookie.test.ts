import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import {
  type Door,
  multipart,
  mutation,
  query,
  queryByGet,
  refusalAt,
  sse,
  sseByGet,
  webSocket,
} from '../../support/clients/doors.ts';
import { connect, openSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, READ, SECRET, sign } from '../../support/server/tokens.ts';

const OTHER = 'https://evil.example';
const IN = { status: 'in' };
const guarded = (options = {}): Promise<SeamlineServer> =>
  startServer({ jwtSecret: SECRET, jwtCookie: 'session', ...options });
const withCookie = (cookie: string, headers = {}) => ({ headers: { cookie, ...headers } });
const readers: readonly Door[] = [query, queryByGet, sse, sseByGet, multipart, webSocket];
const INSERT = 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }';

/** Sends `Sec-Fetch-Site`, which `fetch` does not allow to be set. */
function statusFor(server: SeamlineServer, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = `${server.url}?query=${encodeURIComponent('{ stream { epoch } }')}`;
    const sent = httpRequest(url, { headers: { accept: 'application/json', ...headers } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject).end();
  });
}

describe.each(readers)('$name, with a cookie', (door) => {
  it('a token in the cookie is admitted', async () => {
    expect(await door.knock(await guarded(), withCookie(`session=${await sign()}`))).toMatchObject(IN);
  });

  it('the cookie is found among others, with spaces and quotes around its value', async () => {
    const server = await guarded();
    const token = await sign();
    for (const cookie of [
      `a=1; session=${token}; b=2`,
      `session=${token};b=2`,
      `a=1;session=${token}`,
      `xsession=1; session2=2; session=${token}`,
      `a; =b; ;session = ${token} ;`,
      `a="x=1"; session=${token}`,
      `session="${token}"`,
    ])
      expect(await door.knock(server, withCookie(cookie)), `with ${cookie.replace(token, 'TOKEN')}`).toMatchObject(IN);
  });

  it('a cookie of another name, and one with an invalid token, are refused', async () => {
    const server = await guarded();
    const token = await sign();
    for (const cookie of [
      `Session=${token}`,
      `session2=${token}`,
      `xsession=${token}`,
      `a=session=${token}`,
      `session`,
      `session=`,
      `session=""`,
      `session=Bearer ${token}`,
      `session=${await sign({}, { secret: 'other' })}`,
      `a="; session=${token.slice(0, -2)}"`,
    ])
      expect(await door.knock(server, withCookie(cookie)), `with ${cookie.replace(token, 'TOKEN')}`).toMatchObject(
        refusalAt(door),
      );
  });

  it('no cookie is accepted without jwtCookie', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const token = await sign();
    for (const name of ['session', 'jwt', 'token', 'undefined', 'authorization'])
      expect(await door.knock(server, withCookie(`${name}=${token}`))).toMatchObject(refusalAt(door));
  });

  it('the Authorization header takes precedence over the cookie, even with an invalid token', async () => {
    const server = await guarded();
    const [good, bad] = [await sign(), await sign({}, { secret: 'other' })];
    expect(await door.knock(server, withCookie(`session=${bad}`, bearer(good)))).toMatchObject(IN);
    expect(await door.knock(server, withCookie(`session=${good}`, bearer(bad)))).toMatchObject(refusalAt(door));
  });
});

describe.each(readers.filter((door) => door !== webSocket))('$name, with a cookie', (door) => {
  it('a cookie that a page of another origin sends is refused', async () => {
    const server = await guarded({ allowOrigins: ['https://app.example'] });
    const cookie = `session=${await sign()}`;
    const { host, port } = new URL(server.url);
    for (const origin of [
      OTHER,
      'null',
      'https://app.example.evil',
      'http://app.example',
      `http://localhost:${port}`,
      `http://127.0.0.1`,
    ])
      expect(await door.knock(server, withCookie(cookie, { origin })), `with ${origin}`).toMatchObject({
        status: 403,
        code: 'FORBIDDEN',
      });
    for (const origin of ['https://app.example', `http://${host}`])
      expect(await door.knock(server, withCookie(cookie, { origin })), `with ${origin}`).toMatchObject(IN);
  });
});

describe('a cookie', () => {
  it('a cookie is refused when Sec-Fetch-Site says that the page is of another site', async () => {
    const server = await guarded();
    const cookie = `session=${await sign()}`;
    expect(await statusFor(server, { cookie, 'sec-fetch-site': 'cross-site' })).toBe(401);
    for (const site of ['same-origin', 'none'])
      expect(await statusFor(server, { cookie, 'sec-fetch-site': site })).toBe(200);
    // No page of another site can send a token in a header.
    const headers = { ...bearer(await sign()), cookie, 'sec-fetch-site': 'cross-site' };
    expect(await statusFor(server, headers)).toBe(200);
  });

  it('the upgrade of a WebSocket with a cookie from a page of another origin is refused', async () => {
    const server = await guarded({ allowOrigins: ['https://app.example'] });
    const cookie = `session=${await sign()}`;
    for (const origin of [OTHER, 'null', 'https://app.example.evil'])
      await expect(openSocket(server, { headers: { cookie, origin } })).rejects.toThrow('403');
    expect(await webSocket.knock(server, withCookie(cookie, { origin: 'https://app.example' }))).toMatchObject(IN);
    expect(
      await webSocket.knock(server, withCookie(cookie, { origin: `http://${new URL(server.url).host}` })),
    ).toMatchObject(IN);
  });

  it('a cookie never authorises a mutation over HTTP', async () => {
    const server = await guarded();
    const verdict = await mutation.knock(server, withCookie(`session=${await sign()}`));
    expect(verdict).toMatchObject({ status: 200, code: 'FORBIDDEN' });
    for (const root of ['insertItems(inputs: [{ key: "a", value: 1 }]) { key }', 'removeItem(key: "a") { key }']) {
      const response = await post(server, { query: `mutation { ${root} }` }, { cookie: `session=${await sign()}` });
      expect(await resultOf(response)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    }
    expect(server.map.replica.head.position).toBe(0);
  });

  it('a cookie never authorises a mutation over WebSocket', async () => {
    const server = await guarded();
    const socket = await connect(server, { headers: { cookie: `session=${await sign()}` } });
    socket.send(subscribeMessage('1', INSERT));
    expect(await socket.next()).toMatchObject({ payload: { errors: [{ extensions: { code: 'FORBIDDEN' } }] } });
    expect(server.map.replica.head.position).toBe(0);
  });

  it('a cookie does not prevent a mutation whose token is in the header', async () => {
    const server = await guarded();
    const cookie = `session=${await sign({ scope: READ })}`;
    expect(await mutation.knock(server, withCookie(cookie, bearer(await sign())))).toMatchObject(IN);
    const socket = await openSocket(server, { headers: { cookie } });
    socket.send({ type: 'connection_init', payload: { Authorization: `Bearer ${await sign()}` } });
    expect(await socket.next()).toMatchObject({ type: 'connection_ack' });
    socket.send(subscribeMessage('1', INSERT));
    expect(await socket.next()).toMatchObject({ payload: { data: { insertItem: { key: 'a' } } } });
  });

  it('an answer to a cookie may not be cached for other clients', async () => {
    const server = await guarded();
    for (const door of [query, queryByGet, sse, sseByGet, multipart]) {
      const { headers } = await door.knock(server, withCookie(`session=${await sign()}`));
      expect(headers.get('cache-control'), `by ${door.name}`).toMatch(/no-store|no-cache|private/);
    }
  });

  it('a cookie is checked against the host that the proxy was asked for', async () => {
    const cookie = `session=${await sign()}`;
    const headers = { cookie, origin: 'https://public.example', 'x-forwarded-host': 'public.example' };
    expect(await statusFor(await guarded({ trustProxy: true }), headers)).toBe(200);
    expect(await statusFor(await guarded(), headers)).toBe(403);
    const withPort = { ...headers, 'x-forwarded-host': 'Public.example:443' };
    expect(await statusFor(await guarded({ trustProxy: true }), withPort)).toBe(200);
    for (const other of ['public.example:80', 'public.example:8443', 'public.example.', '', ':443'])
      expect(
        await statusFor(await guarded({ trustProxy: true }), { ...headers, 'x-forwarded-host': other }),
        `with ${other}`,
      ).toBe(403);
    const forged = { ...headers, origin: OTHER, 'x-forwarded-host': 'evil.example, public.example' };
    expect(await statusFor(await guarded({ trustProxy: true }), forged)).toBe(403);
  });
});
