/**
 * The keys that a token issuer publishes. Known keys are used at once and refreshed in the background, and they stay valid for a day while the
 * issuer is away. Only a token with an unknown key waits for the issuer.
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

/** A set this old was not in use, or the machine slept. A key may have been withdrawn since, so a token waits up to `GRACE_MS` for the refresh. */
const STALE_AFTER_MS = REFRESH_AFTER_MS + MINUTE_MS / 2;
const GRACE_MS = 500;

const KEPT_MS = 24 * 60 * MINUTE_MS;

/** The pause between two fetches for unknown keys, and between two background refreshes while the issuer is away. */
const COOL_DOWN_MS = MINUTE_MS / 2;

/** The pause after a failed fetch, even when tokens wait: an issuer in trouble must not be flooded. */
const PAUSE_MS = 1000;

/** A token without `kid` is verified with each key that fits, up to this number. */
const MAX_TRIES = 16;

/** A time by two clocks: the wall clock may be set back, and the monotonic one stands still while the machine sleeps. */
interface Moment {
  readonly wall: number;
  readonly steady: number;
}

const now = (): Moment => ({ wall: Date.now(), steady: performance.now() });
const ageOf = (moment: Moment | undefined): number =>
  moment ? Math.max(Date.now() - moment.wall, performance.now() - moment.steady) : Infinity;

export class IssuerKeys {
  /** jose's refresh is turned off, because this class decides when to fetch. */
  readonly #set: ReturnType<typeof createRemoteJWKSet>;
  readonly #name: string;
  readonly #logger: Logger;
  /** When the issuer answered last. */
  #fetched: Moment | undefined;
  /** When a fetch failed last. */
  #failed: Moment | undefined;
  #fetching: Promise<void> | undefined;
  /** Resolves with the fetch in flight, or after `GRACE_MS`. Never rejects. */
  #grace: Promise<unknown> = Promise.resolve();
  #warned: string | undefined;

  constructor(url: URL, logger: Logger) {
    this.#set = createRemoteJWKSet(url, { cacheMaxAge: Infinity, cooldownDuration: Infinity });
    // The query of the URL may contain a secret, so logs name the path only.
    this.#name = url.origin + url.pathname;
    this.#logger = logger;
  }

  /** Rejects with jose's error for an invalid token, and with `ENGINE_UNAVAILABLE` when its key cannot be fetched. */
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

  /** jose calls this after it has checked the token's header, so that malformed tokens cause no fetch. */
  readonly #keyFor: JWTVerifyGetKey = async (header, token) => {
    await this.#prepare();
    return this.#set(header, token);
  };

  async #prepare(): Promise<void> {
    const age = ageOf(this.#fetched);
    if (age >= KEPT_MS) return this.#fetch();
    if (age < REFRESH_AFTER_MS || ageOf(this.#failed) < COOL_DOWN_MS) return;
    // A failure is logged by the fetch, and the known keys stay valid.
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

  /** One fetch at a time, shared by all tokens that wait. */
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
      throw refused('ENGINE_UNAVAILABLE', 'cannot fetch the key set that tokens are verified with: retry later', 503);
    }
    this.#fetched = now();
    if (this.#warned === undefined) return;
    this.#warned = undefined;
    this.#logger.info({ jwks: this.#name }, 'the key set was fetched again');
  }

  /** Warns once for each state, not for each request. */
  #warn(error: unknown): void {
    const isKept = ageOf(this.#fetched) < KEPT_MS;
    const state = isKept ? 'known keys stay valid for 24 hours' : 'tokens are refused with ENGINE_UNAVAILABLE';
    if (state === this.#warned) return;
    this.#warned = state;
    const since = this.#fetched && { fetched: new Date(this.#fetched.wall).toISOString() };
    this.#logger.warn({ jwks: this.#name, ...since, ...errorFields(error) }, `cannot fetch the key set: ${state}`);
  }
}

/** The key of a token without `kid` may be newer than the set, so a signature that fits no known key proves nothing yet. */
function isOfUnknownKey(error: unknown, token: string): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return true;
  return error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).kid === undefined;
}

/** Verifies the token with each key. Errors about its claims come from the key that fits the signature. */
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
      // A wrong claim is wrong with every key. Any other error (a wrong, weak or unsupported key) concerns this key only.
      const isOfToken = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
      if (isOfToken) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}
