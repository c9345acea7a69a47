/**
 * The keys that an issuer publishes. Known keys answer at once and are refreshed beside; while the issuer is away they stay
 * good for a day. Only a token whose key isn't known waits for the issuer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  type JWTVerifyOptions,
} from 'jose';
import { errorFields, type Logger } from '../core/model/logger.ts';
import { refused } from '../transports/protocol/errors.ts';

const MINUTE_MS = 60_000;
const REFRESH_AFTER_MS = 10 * MINUTE_MS;

/** An older set was in no use, or the machine slept: a key of it may have been withdrawn, so its refresh is worth `GRACE_MS`. */
const STALE_AFTER_MS = REFRESH_AFTER_MS + MINUTE_MS / 2;
const GRACE_MS = 500;

const KEPT_MS = 24 * 60 * MINUTE_MS;

/** Between two fetches for keys that the set lacks, and between two attempts beside known keys while the issuer is away. */
const COOL_DOWN_MS = MINUTE_MS / 2;

/** After a failure, even when somebody waits: an issuer in trouble is not flooded. */
const PAUSE_MS = 1000;

/** A token without `kid` costs a verification for each key that may be meant. */
const MAX_TRIES = 16;

/** By both clocks: the wall's may be set back, the steady one stands still while a machine sleeps. */
interface Moment {
  readonly wall: number;
  readonly steady: number;
}

const now = (): Moment => ({ wall: Date.now(), steady: performance.now() });
const ageOf = (moment: Moment | undefined): number =>
  moment ? Math.max(Date.now() - moment.wall, performance.now() - moment.steady) : Infinity;

export class IssuerKeys {
  /** Its own refresh is turned off: this class decides when to fetch. */
  readonly #set: ReturnType<typeof createRemoteJWKSet>;
  readonly #name: string;
  readonly #logger: Logger;
  /** When the issuer last answered. */
  #fetched: Moment | undefined;
  /** When it last failed to. */
  #failed: Moment | undefined;
  #fetching: Promise<void> | undefined;
  /** Settles with the fetch, or earlier. Never rejects. */
  #grace: Promise<unknown> = Promise.resolve();
  #warned: string | undefined;

  constructor(url: URL, logger: Logger) {
    this.#set = createRemoteJWKSet(url, { cacheMaxAge: Infinity, cooldownDuration: Infinity });
    // A query may have a secret in it.
    this.#name = url.origin + url.pathname;
    this.#logger = logger;
  }

  /** Rejects with jose's error for a bad token, with `ENGINE_UNAVAILABLE` when its key can't be known. */
  async verify(token: string, checks: JWTVerifyOptions): Promise<JWTPayload> {
    const fetched = this.#fetched;
    try {
      return await this.#check(token, checks);
    } catch (error) {
      if (!isOfUnknownKey(error, token)) throw error;
      if (fetched === this.#fetched) {
        if (ageOf(fetched) < COOL_DOWN_MS) throw error;
        await this.#fetch();
      }
      return this.#check(token, checks);
    }
  }

  /** jose asks once the token's header is sound: what is no token costs the issuer nothing. */
  readonly #keyFor: JWTVerifyGetKey = async (header, token) => {
    await this.#prepare();
    return this.#set(header, token);
  };

  async #prepare(): Promise<void> {
    const age = ageOf(this.#fetched);
    if (age >= KEPT_MS) return this.#fetch();
    if (age < REFRESH_AFTER_MS || ageOf(this.#failed) < COOL_DOWN_MS) return;
    // A failure is logged there, and the known keys do.
    this.#fetch().catch(() => {});
    if (age >= STALE_AFTER_MS) await this.#grace;
  }

  async #check(token: string, checks: JWTVerifyOptions): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.#keyFor, checks)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return tryEach(error, token, checks);
      throw error;
    }
  }

  /** One at a time, for all who want it. */
  #fetch(): Promise<void> {
    if (!this.#fetching) {
      const fetching = this.#attempt().finally(() => (this.#fetching = undefined));
      this.#fetching = fetching;
      this.#grace = Promise.race([fetching.catch(() => {}), delay(GRACE_MS, undefined, { ref: false })]);
    }
    return this.#fetching;
  }

  async #attempt(): Promise<void> {
    const pause = PAUSE_MS - ageOf(this.#failed);
    if (pause > 0) await delay(pause, undefined, { ref: false });
    try {
      await this.#set.reload();
    } catch (error) {
      this.#failed = now();
      this.#warn(error);
      throw refused('ENGINE_UNAVAILABLE', 'the keys that tokens are checked with can’t be fetched', 503);
    }
    this.#fetched = now();
    if (this.#warned === undefined) return;
    this.#warned = undefined;
    this.#logger.info({ jwks: this.#name }, 'the key set was fetched again');
  }

  /** Once for each state, not for each request. */
  #warn(error: unknown): void {
    const isKept = ageOf(this.#fetched) < KEPT_MS;
    const state = isKept ? 'known keys stay good for 24 hours' : 'tokens are refused with ENGINE_UNAVAILABLE';
    if (state === this.#warned) return;
    this.#warned = state;
    const since = this.#fetched && { fetched: new Date(this.#fetched.wall).toISOString() };
    this.#logger.warn({ jwks: this.#name, ...since, ...errorFields(error) }, `the key set can't be fetched: ${state}`);
  }
}

/** Without `kid` a token's key may be any that was published since, so a signature that fits none says nothing yet. */
function isOfUnknownKey(error: unknown, token: string): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return true;
  return error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).kid === undefined;
}

/** What is wrong with the claims is said by the key that fits the signature. */
async function tryEach(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  checks: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tries = 0;
  for await (const key of keys) {
    if (++tries > MAX_TRIES) break;
    try {
      return (await jwtVerify(token, key, checks)).payload;
    } catch (error) {
      // What is wrong with a claim is wrong with every key; anything else (a wrong, weak or unsupported key) is about this one.
      const isOfToken = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
      if (isOfToken) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}
