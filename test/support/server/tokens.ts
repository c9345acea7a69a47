/** Makes valid tokens, as an issuer does, and forged ones. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { onTestFinished, vi } from 'vitest';

/** Long enough for HS512. */
export const SECRET = 'no-one-guesses-this-secret-which-has-sixty-four-bytes-and-is-long';

export const READ = 'items:read';
export const WRITE = 'items:write';

/** The claims of a token that allows everything. Undefined removes a claim. */
export type Claims = Omit<JWTPayload, 'scope'> & Readonly<Record<string, unknown>>;

export interface Signing {
  readonly secret?: string | Uint8Array;
  readonly alg?: string;
  /** Additional members of the header. */
  readonly header?: Readonly<Record<string, unknown>>;
}

export function sign(claims: Claims = {}, { secret = SECRET, alg = 'HS256', header }: Signing = {}): Promise<string> {
  const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
  return new SignJWT({ scope: `${READ} ${WRITE}`, ...claims }).setProtectedHeader({ alg, ...header }).sign(key);
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

/** Seconds since 1970, the unit of `exp`, `nbf` and `iat`. */
export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** Moves the wall clock without firing timers, as when the clock is set or the machine slept. */
export function pass(seconds: number): void {
  const later = Date.now() + seconds * 1000;
  vi.useFakeTimers({ toFake: ['Date'], now: later });
  onTestFinished(() => void vi.useRealTimers());
}

/** Encodes any text as a part of a token. */
export const part = (text: string | object): string =>
  Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)).toString('base64url');

/** The same token with other claims and its old signature. */
export function tampered(token: string, claims: object): string {
  const [header, payload = '', signature] = token.split('.');
  const before = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, part({ ...before, ...claims }), signature].join('.');
}

export interface IssuerKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  sign(claims?: Claims, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function issuerKey(kid: string, alg = 'RS256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return {
    kid,
    jwk,
    privateKey,
    publicKey,
    sign: (claims = {}, header = {}) =>
      new SignJWT({ scope: `${READ} ${WRITE}`, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey),
  };
}

/** A server at which an issuer publishes its keys. */
export interface KeySet {
  readonly url: string;
  /** The number of requests. */
  readonly fetches: number;
  publish(...keys: readonly IssuerKey[]): void;
  /** Sets another answer. */
  answer(status: number, body: string): void;
  /** Holds answers back until `release`; resolves at the first request. */
  hold(): Promise<void>;
  release(): void;
  /** Stops listening. */
  close(): Promise<void>;
}

export async function keySet(...keys: readonly IssuerKey[]): Promise<KeySet> {
  let [status, body, fetches] = [200, '', 0];
  let held: { asked: PromiseWithResolvers<void>; released: PromiseWithResolvers<void> } | undefined;
  const publish = (...published: readonly IssuerKey[]): void => {
    status = 200;
    body = JSON.stringify({ keys: published.map(({ jwk }) => jwk) });
  };
  publish(...keys);
  const server = createServer((_request, response) => {
    fetches++;
    const respond = (): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    if (!held) return respond();
    held.asked.resolve();
    void held.released.promise.then(respond);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    held?.released.resolve();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/keys.json`,
    get fetches() {
      return fetches;
    },
    publish,
    answer: (otherStatus, otherBody) => ([status, body] = [otherStatus, otherBody]),
    hold() {
      held = { asked: Promise.withResolvers(), released: Promise.withResolvers() };
      return held.asked.promise;
    },
    release() {
      held?.released.resolve();
      held = undefined;
    },
    close,
  };
}
