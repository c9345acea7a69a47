import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { doors, httpDoors, mutation, query, refusalAt, sseByGet, webSocket } from '../../support/clients/doors.ts';
import { openSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post, resultOf, urlOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import {
  bearer,
  type Claims,
  part,
  READ,
  SECRET,
  secondsFromNow,
  sign,
  tampered,
  WRITE,
} from '../../support/server/tokens.ts';

const guarded = (options = {}): Promise<SeamlineServer> => startServer({ jwtSecret: SECRET, ...options });

describe.each(doors)('$name, with a secret', (door) => {
  it('a token that is signed with the secret is admitted', async () => {
    const server = await guarded();
    for (const alg of ['HS256', 'HS384', 'HS512'])
      expect(await door.knock(server, { headers: bearer(await sign({}, { alg })) })).toMatchObject({ status: 'in' });
  });

  it('a request without a token is refused', async () => {
    const server = await guarded();
    expect(await door.knock(server)).toMatchObject({ ...refusalAt(door), message: expect.stringContaining('token') });
    expect(server.map.replica.head.position).toBe(0);
  });

  it('an Authorization that is no bearer token is refused', async () => {
    const server = await guarded();
    const token = await sign();
    for (const authorization of [token, `Basic ${token}`, 'Bearer', 'Bearer ', `Bearer x ${token}`, `Bearer\t${token}`])
      expect(await door.knock(server, { headers: { authorization } }), `with ${authorization}`).toMatchObject(
        refusalAt(door),
      );
  });

  it('the scheme Bearer is accepted in any case and with any number of spaces', async () => {
    const server = await guarded();
    const token = await sign();
    for (const authorization of [`bearer ${token}`, `BEARER ${token}`, `Bearer   ${token}`, `Bearer ${token}  `])
      expect(await door.knock(server, { headers: { authorization } }), `with ${authorization}`).toMatchObject({
        status: 'in',
      });
    for (const authorization of [`Bearer ${token}, Bearer ${token}`, `Bearer ${token} ${token}`, `Bearer "${token}"`])
      expect(await door.knock(server, { headers: { authorization } }), `with ${authorization}`).toMatchObject(
        refusalAt(door),
      );
  });

  it('a token in the URL is ignored', async () => {
    const server = await guarded({ jwtCookie: 'token' });
    const token = await sign();
    for (const name of ['token', 'access_token', 'authorization', 'Authorization', 'jwt', 'headers'])
      expect(await door.knock(server, { search: `?${name}=${token}` }), `with ${name}`).toMatchObject(refusalAt(door));
  });

  it('a token with another secret, a changed token and an unsigned one are refused', async () => {
    const server = await guarded();
    const token = await sign({ scope: READ, keyPrefix: 'a:' });
    const none = part({ alg: 'none', typ: 'JWT' });
    const claims = part({ scope: `${READ} ${WRITE}` });
    const [header = '', payload = '', signature = ''] = token.split('.');
    for (const bad of [
      await sign({}, { secret: `${SECRET}.` }),
      tampered(token, { keyPrefix: '' }),
      tampered(token, { scope: `${READ} ${WRITE}` }),
      `${none}.${claims}.`,
      `${none}.${claims}`,
      `${none}.${claims}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${part({ alg: 'NONE' })}.${claims}.`,
      `${part({ alg: '' })}.${claims}.${signature}`,
    ])
      expect(await door.knock(server, { headers: bearer(bad) }), `with ${bad}`).toMatchObject(refusalAt(door));
  });

  it('a token must name the configured audience and issuer', async () => {
    const server = await guarded({ jwtAudience: 'seamline', jwtIssuer: 'https://issuer.example' });
    const good = { aud: 'seamline', iss: 'https://issuer.example' };
    const knock = async (claims: Claims) => door.knock(server, { headers: bearer(await sign(claims)) });
    expect(await knock(good)).toMatchObject({ status: 'in' });
    expect(await knock({ ...good, aud: ['another', 'seamline'] })).toMatchObject({ status: 'in' });
    for (const bad of [
      {},
      { iss: good.iss },
      { aud: good.aud },
      { ...good, aud: 'another' },
      { ...good, aud: [] },
      { ...good, aud: 'seamline ' },
      { ...good, iss: 'https://issuer.example/' },
      { ...good, iss: [good.iss] },
    ])
      expect(await knock(bad), `with ${JSON.stringify(bad)}`).toMatchObject(refusalAt(door));
  });

  it('`exp` and `nbf` are respected, with a few seconds of tolerance', async () => {
    const server = await guarded();
    const knock = async (claims: Claims) => door.knock(server, { headers: bearer(await sign(claims)) });
    expect(await knock({ exp: secondsFromNow(60), nbf: secondsFromNow(-60) })).toMatchObject({ status: 'in' });
    expect(await knock({ exp: secondsFromNow(-2) })).toMatchObject({ status: 'in' });
    expect(await knock({ nbf: secondsFromNow(2) })).toMatchObject({ status: 'in' });
    for (const bad of [
      { exp: secondsFromNow(-20) },
      { nbf: secondsFromNow(60) },
      { exp: 0 },
      { exp: String(secondsFromNow(60)) },
      { nbf: 'now' },
    ])
      expect(await knock(bad), `with ${JSON.stringify(bad)}`).toMatchObject(refusalAt(door));
  });

  it('a token with a `keyPrefix` that is no string is refused', async () => {
    const server = await guarded();
    for (const keyPrefix of [null, 1, true, ['a:'], { a: 1 }])
      expect(await door.knock(server, { headers: bearer(await sign({ keyPrefix })) })).toMatchObject(refusalAt(door));
  });

  it('no answer contains the secret or the token', async () => {
    const server = await guarded();
    const token = await sign({ exp: secondsFromNow(-100) });
    const { message } = await door.knock(server, { headers: bearer(token) });
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain(token.slice(0, 30));
  });
});

describe.each(httpDoors)('$name, refused', (door) => {
  it('an unauthenticated request is answered with WWW-Authenticate', async () => {
    const { headers } = await door.knock(await guarded());
    expect(headers.get('www-authenticate')).toMatch(/^Bearer\b/);
    expect(headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json\b/);
  });

  it('a refusal has CORS headers, so that an allowed page can read it', async () => {
    const server = await guarded({ allowOrigins: ['https://app.example'] });
    const allowed = await door.knock(server, { headers: { origin: 'https://app.example' } });
    expect(allowed).toMatchObject({ status: 401 });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
    const stranger = await door.knock(server, { headers: { origin: 'https://evil.example' } });
    expect(stranger).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('a preflight is answered without a token, because it cannot carry one', async () => {
  const server = await guarded({ allowOrigins: ['https://app.example'] });
  const response = await fetch(server.url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
});

it.each(['/health', '/ready'])('%s needs no token', async (path) => {
  expect((await fetch(urlOf(await guarded(), path))).status).toBe(200);
});

it('GraphiQL’s page loads without a token', async () => {
  const response = await fetch((await guarded()).url, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('GraphiQL');
});

it('the document of an unauthorised request is not parsed', async () => {
  const server = await guarded();
  for (const body of ['not json', '{}', '{"query":"{"}', '[]'])
    expect(await resultOf(await post(server, body))).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
});

describe('a WebSocket', () => {
  it.each([
    ['Authorization', (value: string) => ({ Authorization: value })],
    ['authorization', (value: string) => ({ authorization: value })],
    ['AUTHORIZATION', (value: string) => ({ AUTHORIZATION: value })],
    ['headers.Authorization', (value: string) => ({ headers: { Authorization: value } })],
    ['headers.authorization', (value: string) => ({ headers: { 'X-Other': '1', authorization: value } })],
  ])('a WebSocket is admitted by connectionParams.%s', async (_name, paramsOf) => {
    const server = await guarded();
    const authorization = `Bearer ${await sign()}`;
    expect(await webSocket.knock(server, { connectionParams: paramsOf(authorization) })).toMatchObject({
      status: 'in',
    });
    const bad = paramsOf(`Bearer ${await sign({}, { secret: 'other' })}`);
    expect(await webSocket.knock(server, { connectionParams: bad })).toMatchObject({ status: 4403 });
  });

  it('the connectionParams of a WebSocket take precedence over the header of its upgrade', async () => {
    const server = await guarded();
    const [good, bad] = [await sign(), await sign({}, { secret: 'other' })];
    const knock = (inHeader: string, inParams: string) =>
      webSocket.knock(server, { headers: bearer(inHeader), connectionParams: { Authorization: `Bearer ${inParams}` } });
    expect(await knock(bad, good)).toMatchObject({ status: 'in' });
    expect(await knock(good, bad)).toMatchObject({ status: 4403 });
  });

  it('a WebSocket is refused for connectionParams without a token, whatever they are', async () => {
    const server = await guarded();
    const token = `Bearer ${await sign()}`;
    for (const connectionParams of [
      {},
      null,
      { Authorization: null },
      { Authorization: [token] },
      { Authorization: { Authorization: token } },
      { headers: null },
      { headers: [token] },
      { headers: { headers: { Authorization: token } } },
      { token },
      { Bearer: token },
    ])
      expect(
        await webSocket.knock(server, { connectionParams }),
        `with ${JSON.stringify(connectionParams)}`,
      ).toMatchObject({
        status: expect.toSatisfy((code) => code === 4403 || code === 4400),
      });
  });

  it('a WebSocket executes nothing before it is admitted', async () => {
    const server = await guarded();
    const socket = await openSocket(server);
    socket.send(subscribeMessage('1', '{ stream { epoch } }'));
    expect(await socket.next()).toBeUndefined();
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });

  it('a WebSocket executes nothing that follows a refused token', async () => {
    const server = await guarded();
    const socket = await openSocket(server);
    socket.send({ type: 'connection_init', payload: { Authorization: 'Bearer x.y.z' } });
    socket.send(subscribeMessage('1', 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }'));
    expect(await socket.next()).toBeUndefined();
    // It did not wait for connection_ack, which violates the protocol whatever its token is.
    expect(await socket.closed).toMatchObject({ code: 4401 });
    expect(server.map.replica.head.position).toBe(0);
  });
});

it('each request is authenticated by its own token, also on one connection', async () => {
  const server = await guarded();
  const [good, bad] = [{ headers: bearer(await sign()) }, {}];
  const statuses = await Promise.all(
    [good, bad, good, bad, good].map(async (credentials) => (await query.knock(server, credentials)).status),
  );
  expect(statuses).toEqual(['in', 401, 'in', 401, 'in']);
  expect((await mutation.knock(server, good)).status).toBe('in');
  expect((await sseByGet.knock(server, bad)).status).toBe(401);
});
