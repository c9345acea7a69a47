/** Who may come in: bearer tokens and cookies, and what their claims allow (contract, section 6). */
import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { EVERYBODY } from '../../schema/caller.ts';
import type { Admission, Admit } from '../transports/admission.ts';
import { refused } from '../transports/errors.ts';
import { clientAddress, isOwnPage, type Origins } from './origin.ts';
import type { InsertRate } from './insert-rate.ts';

export interface AdmissionOptions extends Origins {
  /** Where the keys are, of tokens that are signed asymmetrically. */
  readonly jwks?: string | undefined;
  /** The key itself, of tokens that are signed by HMAC. */
  readonly jwtSecret?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  /** The cookie that a browser may send its token in. It never authorises a mutation. */
  readonly jwtCookie?: string | undefined;
  readonly insertRate?: InsertRate | undefined;
}

/** Pinned: what a token's header says is not asked, so that none can choose a weaker one, or none. */
const HMAC = ['HS256', 'HS384', 'HS512'];
const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Clocks may differ by this. */
const CLOCK_TOLERANCE_S = 5;

type Verify = (token: string) => Promise<JWTPayload>;

export function createAdmit(options: AdmissionOptions): Admit {
  const { jwtCookie, insertRate } = options;
  const verify = verifierOf(options);
  const spendOf = (client: string) =>
    insertRate ? (count: number) => insertRate.take(client, count) : EVERYBODY.spend;
  if (!verify) {
    return async (request) => ({
      caller: { ...EVERYBODY, spend: spendOf(clientAddress(request, options)) },
      expiresAt: undefined,
    });
  }
  return async (request, authorization) => {
    const bearer = bearerOf(authorization);
    const cookie = bearer === undefined && isOwnPage(request, options) ? cookieOf(request, jwtCookie) : undefined;
    const token = bearer ?? cookie;
    if (token === undefined) throw unauthenticated('a token is needed');
    const claims = await verify(token);
    const scopes = typeof claims['scope'] === 'string' ? claims['scope'].split(' ') : [];
    const { keyPrefix = '' } = claims;
    // Half a character would be the beginning of many.
    if (typeof keyPrefix !== 'string' || !keyPrefix.isWellFormed())
      throw unauthenticated('the claim keyPrefix must be a well-formed string');
    return {
      caller: {
        mayRead: scopes.includes('items:read'),
        mayWrite: scopes.includes('items:write') && cookie === undefined,
        keyPrefix,
        spend: spendOf(claims.sub === undefined ? clientAddress(request, options) : `${claims.iss}\n${claims.sub}`),
      },
      expiresAt: claims.exp === undefined ? undefined : claims.exp * 1000,
    } satisfies Admission;
  };
}

function verifierOf({ jwks, jwtSecret, jwtAudience, jwtIssuer }: AdmissionOptions): Verify | undefined {
  const checks: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(jwtAudience !== undefined && { audience: jwtAudience }),
    ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
  };
  if (jwtSecret !== undefined) {
    const key = new TextEncoder().encode(jwtSecret);
    return (token) => claimsOf(jwtVerify(token, key, { ...checks, algorithms: HMAC }));
  }
  if (jwks === undefined) return undefined;
  // Fetches the set again for a key that it lacks, but not more often than every 30 s, whatever strangers send.
  const keys = createRemoteJWKSet(new URL(jwks));
  return (token) => claimsOf(jwtVerify(token, keys, { ...checks, algorithms: ASYMMETRIC }));
}

async function claimsOf(verified: Promise<{ payload: JWTPayload }>): Promise<JWTPayload> {
  try {
    return (await verified).payload;
  } catch (error) {
    const isTheTokens = error instanceof errors.JOSEError && !KEYS_UNAVAILABLE.has(error.code);
    if (isTheTokens) throw unauthenticated(`the token is refused: ${error.message}`);
    throw refused('ENGINE_UNAVAILABLE', 'the keys that tokens are checked with can’t be fetched', 503);
  }
}

/** jose's codes for what is not the token's fault; a response that isn't 200 is an error of no kind. */
const KEYS_UNAVAILABLE: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

const unauthenticated = (message: string): Error => refused('UNAUTHENTICATED', message, 401);

function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

/** RFC 6265, section 4.1.1. */
const unquoted = (value: string): string => value.replace(/^"(.*)"$/, '$1');

function cookieOf({ headers }: IncomingMessage, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  for (const pair of headers.cookie?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return unquoted(pair.slice(equals + 1).trim());
  }
  return undefined;
}
