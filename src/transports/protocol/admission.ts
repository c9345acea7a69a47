import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../../schema/request/caller.ts';

/** Who was let in, and until when. */
export interface Admission {
  readonly caller: Caller;
  /** When the token expires, in ms since 1970; undefined: never. */
  readonly expiresAt: number | undefined;
}

/**
 * The server's door, which every transport asks. `authorization`: of the request's header, or of a WebSocket's
 * `connectionParams`. Rejects with a `GraphQLError`: `UNAUTHENTICATED`, or `ENGINE_UNAVAILABLE` when it can't be told.
 */
export type Admit = (request: IncomingMessage, authorization: string | undefined) => Promise<Admission>;

/** So often is the clock looked at: a timer knows nothing of a clock that is set, and stands still while a machine sleeps. */
export const LOOK_EVERY_MS = 500;

/** Calls `end` when the admission does; returns what calls it off. */
export function whenExpired({ expiresAt }: Admission, end: () => void): () => void {
  if (expiresAt === undefined) return () => {};
  const look = (): void => {
    const remaining = expiresAt - Date.now();
    if (remaining <= 0) end();
    else timer = setTimeout(look, Math.min(LOOK_EVERY_MS, remaining));
  };
  // Never within the call: the caller has yet to keep what it gets.
  let timer = setTimeout(look, Math.min(LOOK_EVERY_MS, Math.max(0, expiresAt - Date.now())));
  return () => clearTimeout(timer);
}
