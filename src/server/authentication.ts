/** Verifies bearer tokens and cookies, and derives permissions from their claims (docs/security.md). */
import type { IncomingMessage } from 'node:http';
import { errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { EVERYBODY } from '../../schema/request/caller.ts';
import { type Logger, messageOf, SILENT } from '../core/model/logger.ts';
import type { Admission, Admit } from '../transports/protocol/admission.ts';
import { isGraphQLError, refused } from '../transports/protocol/errors.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { clientAddress, mayBearCookie, type Origins } from './request-origin.ts';
import type { InsertRate } from './insert-rate.ts';

export interface AdmissionOptions extends Origins {
  /** URL of the key set for tokens with an asymmetric signature. */
  readonly jwks?: string | undefined;
  /** The secret of tokens that are signed with HMAC. */
  readonly jwtSecret?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  /** Name of the cookie that may carry a browser's token. It never authorises a mutation. */
  readonly jwtCookie?: string | undefined;
  readonly insertRate?: InsertRate | undefined;
  readonly logger?: Logger | undefined;
}

/** The accepted algorithms are fixed, so that a token cannot choose a weaker one, or none, in its header. */
const HMAC = ['HS256', 'HS384', 'HS512'];
const ASYMMETRIC = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

/** Tolerated difference between the clocks of issuer and server. */
const CLOCK_TOLERANCE_S = 5;

type Verify = (token: string) => Promise<JWTPayload>;

/** Creates the function that admits requests, on every transport. Without `jwks` and `jwtSecret` it admits all of them. */
export function createAdmit(options: AdmissionOptions): Admit {
  const { jwtCookie, insertRate } = options;
  const verify = verifierOf(options);
  const spendOf = (client: string) =>
    insertRate ? (count: number) => insertRate.take(client, count) : EVERYBODY.spend;
  if (!verify)
    return async (request) => ({
      caller: insertRate ? { ...EVERYBODY, spend: spendOf(clientAddress(request, options)) } : EVERYBODY,
      expiresAt: undefined,
    });
  return async (request, authorization) => {
    const bearer = bearerOf(authorization);
    const cookie = bearer === undefined && mayBearCookie(request, options) ? cookieOf(request, jwtCookie) : undefined;
    const token = bearer ?? cookie;
    if (token === undefined) throw unauthenticated('authentication required: send a bearer token');
    const claims = await verify(token);
    const scopes = scopesOf(claims);
    const { keyPrefix = '' } = claims;
    // A prefix that ends in half a surrogate pair would match the start of many characters.
    if (typeof keyPrefix !== 'string' || !keyPrefix.isWellFormed())
      throw unauthenticated(`claim keyPrefix must be a well-formed string, not ${JSON.stringify(keyPrefix)}`);
    return {
      caller: {
        mayRead: (collection) => isGranted(scopes, collection, 'read'),
        mayWrite: (collection) => isGranted(scopes, collection, 'write') && cookie === undefined,
        keyPrefix,
        spend: spendOf(claims.sub === undefined ? clientAddress(request, options) : `${claims.iss}\n${claims.sub}`),
      },
      expiresAt: claims.exp === undefined ? undefined : claims.exp * 1000,
    } satisfies Admission;
  };
}

function verifierOf(options: AdmissionOptions): Verify | undefined {
  const { jwks, jwtSecret, jwtAudience: audience, jwtIssuer: issuer, logger = SILENT } = options;
  const checks: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(audience !== undefined && { audience }),
    ...(issuer !== undefined && { issuer }),
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

/** Distinguishes an invalid token from a key that cannot be fetched or used. */
function refuse(error: unknown): never {
  if (isGraphQLError(error)) throw error;
  const isAboutToken = error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid);
  if (isAboutToken) throw unauthenticated(`invalid token: ${error.message}`);
  throw refused('ENGINE_UNAVAILABLE', `cannot use the key of this token: ${messageOf(error)}`, 503);
}

/** The scopes in `scope`, or else in `scp` (Microsoft, Okta): a list, or text separated by spaces. Anything else grants nothing. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  return [scope ?? scp].flat().flatMap((text: unknown) => (typeof text === 'string' ? text.split(' ') : []));
}

/** A scope names one collection by its plural name, or all of them by `items`. */
function isGranted(scopes: readonly string[], collection: string, right: 'read' | 'write'): boolean {
  return scopes.includes(`${collection}:${right}`) || scopes.includes(`items:${right}`);
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
