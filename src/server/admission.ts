/** Authentication: bearer tokens and cookies, and what their claims allow (docs/security.md). */
import type { IncomingMessage } from 'node:http';
import { errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { EVERYBODY } from '../../schema/request/caller.ts';
import { type Logger, messageOf, SILENT } from '../core/model/logger.ts';
import type { Admission, Admit } from '../transports/protocol/admission.ts';
import { isGraphQLError, refused } from '../transports/protocol/errors.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { clientAddress, mayBearCookie, type Origins } from './origin.ts';
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
  readonly logger?: Logger | undefined;
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
    const cookie = bearer === undefined && mayBearCookie(request, options) ? cookieOf(request, jwtCookie) : undefined;
    const token = bearer ?? cookie;
    if (token === undefined) throw unauthenticated('a token is needed');
    const claims = await verify(token);
    const scopes = scopesOf(claims);
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

function verifierOf({
  jwks,
  jwtSecret,
  jwtAudience,
  jwtIssuer,
  logger = SILENT,
}: AdmissionOptions): Verify | undefined {
  const checks: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(jwtAudience !== undefined && { audience: jwtAudience }),
    ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
  };
  if (jwtSecret !== undefined) {
    const key = new TextEncoder().encode(jwtSecret);
    return async (token) => {
      const { payload } = await jwtVerify(token, key, { ...checks, algorithms: HMAC }).catch(refuse);
      return payload;
    };
  }
  if (jwks === undefined) return undefined;
  const keys = new IssuerKeys(new URL(jwks), logger);
  return (token) => keys.verify(token, { ...checks, algorithms: ASYMMETRIC }).catch(refuse);
}

/** Says whether it is the token's fault, or a key that can't be fetched or used. */
function refuse(error: unknown): never {
  if (isGraphQLError(error)) throw error;
  const isTheTokens = error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid);
  if (isTheTokens) throw unauthenticated(`the token is refused: ${error.message}`);
  throw refused('ENGINE_UNAVAILABLE', `the key of this token can’t be used: ${messageOf(error)}`, 503);
}

/** By `scope`, else by `scp` (Microsoft, Okta): text with spaces between, or a list. Anything else allows nothing. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  return [scope ?? scp].flat().flatMap((text: unknown) => (typeof text === 'string' ? text.split(' ') : []));
}

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
