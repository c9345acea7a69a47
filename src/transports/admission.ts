import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../schema/caller.ts';

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

/** `setTimeout` takes no longer one. */
const LONGEST_MS = 0x7fffffff;

/** Calls `end` when the admission does; returns what calls it off. */
export function whenExpired({ expiresAt }: Admission, end: () => void): () => void {
  if (expiresAt === undefined) return () => {};
  const timer = setTimeout(end, Math.min(LONGEST_MS, Math.max(0, expiresAt - Date.now())));
  return () => clearTimeout(timer);
}
