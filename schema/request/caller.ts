import type { GraphQLError } from 'graphql';
import { refused } from './errors.ts';

/** What the caller of an operation may do: the rights that its token grants. */
export interface Caller {
  /** Whether it may read the collection with that plural name. */
  readonly mayRead: (collection: string) => boolean;
  readonly mayWrite: (collection: string) => boolean;
  /** The caller may see and write only keys with this prefix; empty: all keys. */
  readonly keyPrefix: string;
  /**
   * Counts insertions against the caller's rate.
   * @throws {GraphQLError} `RATE_LIMITED`
   */
  readonly spend: (insertions: number) => void;
}

/** The caller of a server without authentication. */
export const EVERYBODY: Caller = { mayRead: () => true, mayWrite: () => true, keyPrefix: '', spend: () => {} };

/**
 * Keys outside the caller's prefix are not refused: a reader finds nothing there.
 * @throws {GraphQLError} `FORBIDDEN`
 */
export function assertMayRead({ mayRead }: Caller, collection: string): void {
  if (!mayRead(collection)) throw forbidden(`not allowed: requires scope ${collection}:read`);
}

/** @throws {GraphQLError} `FORBIDDEN` */
export function assertMayWrite(
  { mayWrite, keyPrefix }: Caller,
  collection: string,
  inputs: readonly { readonly key: string }[],
): void {
  if (!mayWrite(collection)) throw forbidden(`not allowed: requires scope ${collection}:write`);
  if (!inputs.every(({ key }) => key.startsWith(keyPrefix)))
    throw forbidden(`not allowed: requires keys that begin with ${JSON.stringify(keyPrefix)}`);
}

const forbidden = (message: string): GraphQLError => refused('FORBIDDEN', message);
