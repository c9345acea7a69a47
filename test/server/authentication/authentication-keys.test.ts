import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { doors, query, refusalAt, webSocket } from '../../support/clients/doors.ts';
import { startServer } from '../../support/server/server.ts';
import {
  bearer,
  issuerKey,
  keySet,
  part,
  READ,
  SECRET,
  secondsFromNow,
  sign,
  tampered,
} from '../../support/server/tokens.ts';

const REFUSED = { status: 401, code: 'UNAUTHENTICATED' };
const IN = { status: 'in' };

const withKeys = async (alg = 'RS256', options = {}) => {
  const key = await issuerKey('first', alg);
  const set = await keySet(key);
  const server = await startServer({ jwks: set.url, ...options });
  const knock = (token: string) => query.knock(server, { headers: bearer(token) });
  return { key, set, server, knock };
};

describe.each(doors)('$name, with a key set', (door) => {
  it('a token that a key of the set has signed is admitted', async () => {
    const { key, server } = await withKeys('ES256');
    expect(await door.knock(server, { headers: bearer(await key.sign()) })).toMatchObject(IN);
  });

  it('a token of a foreign key is refused, even under the same kid', async () => {
    const { server } = await withKeys('ES256');
    for (const kid of ['first', 'other', '', '../first']) {
      const stranger = await issuerKey(kid, 'ES256');
      expect(await door.knock(server, { headers: bearer(await stranger.sign()) })).toMatchObject(refusalAt(door));
    }
  });

  it('no token is called invalid while the key set cannot be fetched', async () => {
    const { key, set, server } = await withKeys('ES256');
    set.answer(500, 'no');
    expect(await door.knock(server, { headers: bearer(await key.sign()) })).toMatchObject(
      door === webSocket ? { status: 1013 } : { status: 503, code: 'ENGINE_UNAVAILABLE' },
    );
    set.publish(key);
    expect(await door.knock(server, { headers: bearer(await key.sign()) })).toMatchObject(IN);
  });
});

describe('a key set', () => {
  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'a key set may hold keys for %s',
    async (alg) => {
      const { key, knock } = await withKeys(alg);
      expect(await knock(await key.sign())).toMatchObject(IN);
      expect(await knock(tampered(await key.sign({ keyPrefix: 'a' }), { keyPrefix: '' }))).toMatchObject(REFUSED);
    },
  );

  it('a key set checks audience, issuer and time as a secret does', async () => {
    const { key, knock } = await withKeys('ES256', { jwtAudience: 'us', jwtIssuer: 'them' });
    expect(await knock(await key.sign({ aud: 'us', iss: 'them' }))).toMatchObject(IN);
    expect(await knock(await key.sign({ aud: 'you', iss: 'them' }))).toMatchObject(REFUSED);
    expect(await knock(await key.sign({ aud: 'us', iss: 'others' }))).toMatchObject(REFUSED);
    expect(await knock(await key.sign({ aud: 'us', iss: 'them', exp: secondsFromNow(-30) }))).toMatchObject(REFUSED);
  });

  it('an HMAC with the public key as its secret is refused in every form', async () => {
    const { key, knock } = await withKeys('RS256');
    const pem = await exportSPKI(key.publicKey);
    const secrets = [pem, `${pem.trim()}\n`, pem.trim(), JSON.stringify(key.jwk), String(key.jwk.n), SECRET];
    for (const secret of secrets)
      for (const alg of ['HS256', 'HS384', 'HS512'])
        expect(await knock(await sign({}, { secret, alg, header: { kid: 'first' } }))).toMatchObject(REFUSED);
  });

  it('a symmetric key in the key set is not used', async () => {
    const set = await keySet();
    set.answer(200, JSON.stringify({ keys: [{ kty: 'oct', kid: 'first', alg: 'HS256', k: part(SECRET) }] }));
    const server = await startServer({ jwks: set.url });
    const token = await sign({}, { header: { kid: 'first' } });
    expect(await query.knock(server, { headers: bearer(token) })).toMatchObject(REFUSED);
  });

  it('a key is used for its own algorithm only', async () => {
    const { key, knock } = await withKeys('RS256');
    const payload = { scope: READ };
    for (const alg of [
      'none',
      'RS384',
      'PS256',
      'RS1',
      'rs256',
      'A128KW',
      'RSA-OAEP',
      '',
      null,
      1,
      ['RS256'],
      { a: 1 },
    ]) {
      const token = await key.sign(payload);
      const [, claims, signature] = token.split('.');
      expect(await knock(`${part({ alg, kid: 'first' })}.${claims}.${signature}`), `with ${String(alg)}`).toMatchObject(
        REFUSED,
      );
    }
  });

  it('keys in the token’s header (jwk, jku, x5u, x5c) are ignored', async () => {
    const { set, knock } = await withKeys('ES256');
    const forger = await issuerKey('forged', 'ES256');
    const forgers = await keySet(forger);
    const jwk = await exportJWK(forger.publicKey);
    for (const header of [
      { jwk },
      { jku: forgers.url },
      { x5u: forgers.url },
      { x5c: [part(JSON.stringify(jwk))] },
      { jwk, kid: 'first' },
      { jku: forgers.url, kid: 'first' },
      { kid: forgers.url },
    ])
      expect(await knock(await forger.sign({}, header)), `with ${JSON.stringify(header)}`).toMatchObject(REFUSED);
    expect(forgers.fetches).toBe(0);
    // The set is not fetched again for every kid that a client invents.
    expect(set.fetches).toBe(1);
  });

  it('a token with unknown critical headers, and text that is no token, are refused', async () => {
    const { key, knock } = await withKeys('ES256');
    const token = await key.sign();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const rawly = async (text: string) => `${header}.${part(text)}.${signature}`;
    const critical = await new SignJWT({ scope: READ })
      .setProtectedHeader({ alg: 'ES256', kid: 'first', crit: ['seam'], seam: 1 })
      .sign(key.privateKey, { crit: { seam: true } });
    for (const bad of [
      critical,
      `${part({ alg: 'ES256', kid: 'first', crit: ['b64'], b64: false })}.${payload}.${signature}`,
      `${part({ alg: 'ES256', kid: 1 })}.${payload}.${signature}`,
      `${part({ alg: 'ES256', kid: { toString: 1 } })}.${payload}.${signature}`,
      `${part('{"alg":"ES256","kid":"first","__proto__":{"b64":false}}')}.${payload}.${signature}`,
      `${part('null')}.${payload}.${signature}`,
      `${part('[]')}.${payload}.${signature}`,
      `${part('"ES256"')}.${payload}.${signature}`,
      `${part('{')}.${payload}.${signature}`,
      `.${payload}.${signature}`,
      `${header}..${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}.!!!`,
      `${header}.${payload}.${signature}AA`,
      `${header}.${payload}.${signature}.${signature}.${signature}`,
      await rawly('null'),
      await rawly('[]'),
      '...',
      'a',
      'é',
      'x'.repeat(8000),
      `${'a.'.repeat(4000)}a`,
    ])
      expect(await knock(bad).catch(() => REFUSED), `with ${bad.slice(0, 200)}`).toMatchObject(REFUSED);
  });

  it('a signed payload that is no claims object is refused', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    for (const claims of [
      'null',
      '[]',
      '"a"',
      '1',
      '{',
      '',
      '{"exp":{}}',
      '{"exp":null}',
      '{"iat":"x"}',
      '{"nbf":[]}',
    ]) {
      const body = `${part({ alg: 'HS256' })}.${part(claims)}`;
      const token = `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`;
      expect(await query.knock(server, { headers: bearer(token) }), `with ${claims}`).toMatchObject(REFUSED);
    }
  });
});
