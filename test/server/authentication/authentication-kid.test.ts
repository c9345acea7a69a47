/** Tokens without kid, and with a kid that several keys have. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { doors, query, refusalAt } from '../../support/clients/doors.ts';
import { startServer } from '../../support/server/server.ts';
import {
  bearer,
  issuerKey,
  type IssuerKey,
  keySet,
  part,
  pass,
  secondsFromNow,
  tampered,
} from '../../support/server/tokens.ts';

const REFUSED = { status: 401, code: 'UNAUTHENTICATED' };
const IN = { status: 'in' };
const NO_KID = { kid: undefined };

const withSet = async (...jwks: readonly object[]) => {
  const set = await keySet();
  set.answer(200, JSON.stringify({ keys: jwks }));
  const server = await startServer({ jwks: set.url });
  const knock = (token: string) => query.knock(server, { headers: bearer(token) });
  return { set, server, knock };
};

const keysOf = (alg: string, ...kids: readonly string[]) => Promise.all(kids.map((kid) => issuerKey(kid, alg)));
const nameless = ({ jwk }: IssuerKey): object => ({ ...jwk, kid: undefined });

describe.each(doors)('$name, with a set of several keys', (door) => {
  it('a token without kid is admitted if any key of the set has signed it', async () => {
    const keys = await keysOf('ES256', 'a', 'b', 'c');
    const { server } = await withSet(...keys.map(({ jwk }) => jwk));
    for (const key of keys)
      expect(await door.knock(server, { headers: bearer(await key.sign({}, NO_KID)) })).toMatchObject(IN);
    const stranger = await issuerKey('d', 'ES256');
    expect(await door.knock(server, { headers: bearer(await stranger.sign({}, NO_KID)) })).toMatchObject(
      refusalAt(door),
    );
  });
});

describe('a token without kid', () => {
  it.each(['RS256', 'PS512', 'ES384', 'EdDSA'])(
    'a token without kid is verified with each %s key of the set',
    async (alg) => {
      const keys = await keysOf(alg, 'a', 'b');
      const { knock } = await withSet(...keys.map(nameless));
      for (const key of keys) {
        const token = await key.sign({ keyPrefix: 'a:' }, NO_KID);
        expect(await knock(token)).toMatchObject(IN);
        expect(await knock(tampered(token, { keyPrefix: '' }))).toMatchObject(REFUSED);
      }
    },
  );

  it('the refusal of a token without kid names its claims and not the signature of another key', async () => {
    const keys = await keysOf('ES256', 'a', 'b');
    const { knock } = await withSet(...keys.map(({ jwk }) => jwk));
    for (const key of keys) {
      const { message } = await knock(await key.sign({ exp: secondsFromNow(-60) }, NO_KID));
      expect(message).toContain('"exp" claim');
    }
    const stranger = await issuerKey('c', 'ES256');
    const { message } = await knock(await stranger.sign({ exp: secondsFromNow(-60) }, NO_KID));
    expect(message).toContain('signature verification failed');
  });

  it('a token without kid is not verified with a key for another use', async () => {
    const [key, other] = await keysOf('RS256', 'a', 'b');
    if (!key || !other) throw new Error('two were made');
    for (const meant of [{ use: 'enc' }, { alg: 'RS512' }, { alg: 'RSA-OAEP' }, { key_ops: ['encrypt'] }]) {
      const { knock } = await withSet({ ...key.jwk, ...meant }, other.jwk);
      expect(await knock(await key.sign({}, NO_KID)), `with ${JSON.stringify(meant)}`).toMatchObject(REFUSED);
      expect(await knock(await other.sign({}, NO_KID))).toMatchObject(IN);
    }
  });

  it('a token without kid is admitted by its key although others of the set are unusable', async () => {
    const key = await issuerKey('a', 'RS256');
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const { knock } = await withSet({ kty: 'RSA' }, { kty: 'RSA', n: 'AQ', e: 'AQAB' }, weak, { kty: 'new' }, key.jwk);
    expect(await knock(await key.sign({}, NO_KID))).toMatchObject(IN);
  });

  it('a token without kid is refused when it is unsigned or signed with the public key as a secret', async () => {
    const keys = await keysOf('RS256', 'a', 'b');
    const { knock } = await withSet(...keys.map(({ jwk }) => jwk));
    const [, claims, signature] = (await (keys[0] as IssuerKey).sign({}, NO_KID)).split('.');
    for (const alg of ['none', 'HS256', 'HS512', 'RS384', 'dir'])
      for (const tail of ['', signature])
        expect(await knock(`${part({ alg })}.${claims}.${tail}`)).toMatchObject(REFUSED);
  });

  it('a token without kid is verified with at most 16 keys', async () => {
    const keys = await keysOf('ES256', ...Array.from({ length: 18 }, (_, index) => `k${index}`));
    const { knock } = await withSet(...keys.map(({ jwk }) => jwk));
    expect(await knock(await (keys[15] as IssuerKey).sign({}, NO_KID))).toMatchObject(IN);
    expect(await knock(await (keys[16] as IssuerKey).sign({}, NO_KID))).toMatchObject(REFUSED);
    expect(await knock(await (keys[17] as IssuerKey).sign())).toMatchObject(IN);
  });

  it('a token without kid is admitted by a key that the issuer has published since', async () => {
    const [old, next] = await keysOf('ES256', 'a', 'b');
    if (!old || !next) throw new Error('two were made');
    for (const published of [[old], [old, await issuerKey('c', 'ES256')]]) {
      const { set, knock } = await withSet(...published.map(nameless));
      expect(await knock(await old.sign({}, NO_KID))).toMatchObject(IN);
      set.answer(200, JSON.stringify({ keys: [nameless(next)] }));
      expect(await knock(await next.sign({}, NO_KID))).toMatchObject(REFUSED);
      expect(set.fetches).toBe(1);
      pass(31);
      expect(await knock(await next.sign({}, NO_KID))).toMatchObject(IN);
      expect(await knock(await old.sign({}, NO_KID))).toMatchObject(REFUSED);
      expect(set.fetches).toBe(2);
    }
  });
});

describe('a kid that several keys have', () => {
  it('a kid that several keys have means any of them', async () => {
    const keys = await keysOf('ES256', 'same', 'same');
    const { knock } = await withSet(...keys.map(({ jwk }) => jwk), (await issuerKey('other', 'ES256')).jwk);
    for (const key of keys) expect(await knock(await key.sign())).toMatchObject(IN);
    expect(await knock(await (await issuerKey('same', 'ES256')).sign())).toMatchObject(REFUSED);
  });
});

it('a key that cannot be used is ENGINE_UNAVAILABLE with the reason', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const { knock } = await withSet({ ...weak, kid: 'a' });
  const verdict = await knock(await (await issuerKey('a', 'RS256')).sign());
  expect(verdict).toMatchObject({ status: 503, code: 'ENGINE_UNAVAILABLE' });
  expect(verdict.message).toMatch(/^cannot use the key.*2048/);
});
