import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../../schema/request/caller.ts';

/** A caller that was authenticated. */
export interface Admission {
  readonly caller: Caller;
  /** When the token expires, in ms since 1970; undefined: never. */
  readonly expiresAt: number | undefined;
}

/**
 * Authenticates a caller, for every transport. `authorization`: from the request's header, or from a WebSocket's `connectionParams`.
 * Rejects with a `GraphQLError`: `UNAUTHENTICATED`, or `ENGINE_UNAVAILABLE` when the token can't be checked.
 */
export type Admit = (request: IncomingMessage, authorization: string | undefined) => Promise<Admission>;

/** Interval at which the clock is read: a timer ignores a clock that is set, and stops while a machine sleeps. */
export const LOOK_EVERY_MS = 500;

/** Calls `end` when the admission expires; returns a function that cancels this. */
export function whenExpired({ expiresAt }: Admission, end: () => void): () => void {
  if (expiresAt === undefined) return () => {};
  const look = (): void => {
    const remaining = expiresAt - Date.now();
    if (remaining <= 0) end();
    else timer = setTimeout(look, Math.min(LOOK_EVERY_MS, remaining));
  };
  // Never within this call, because the caller has no cancel function yet.
  let timer = setTimeout(look, Math.min(LOOK_EVERY_MS, Math.max(0, expiresAt - Date.now())));
  return () => clearTimeout(timer);
}
