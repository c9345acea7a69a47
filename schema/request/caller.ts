import type { GraphQLError } from 'graphql';
import { refused } from './errors.ts';

/** Who calls, as far as the resolvers care: what a token allows. */
export interface Caller {
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  /** Of the keys that it may see and write. Empty: all. */
  readonly keyPrefix: string;
  /** Takes insertions from what is allowed for the moment. Throws `RATE_LIMITED`. */
  readonly spend: (insertions: number) => void;
}

/** Where there is no authentication. */
export const EVERYBODY: Caller = { mayRead: true, mayWrite: true, keyPrefix: '', spend: () => {} };

/** Throws `FORBIDDEN`. What lies outside of the prefix is not refused: a reader finds nothing there. */
export function assertMayRead({ mayRead }: Caller): void {
  if (!mayRead) throw forbidden('this needs the scope items:read');
}

/** Throws `FORBIDDEN`. */
export function assertMayWrite({ mayWrite, keyPrefix }: Caller, keys: readonly string[]): void {
  if (!mayWrite) throw forbidden('this needs the scope items:write');
  if (!keys.every((key) => key.startsWith(keyPrefix)))
    throw forbidden(`the token allows keys that begin with ${JSON.stringify(keyPrefix)} only`);
}

const forbidden = (message: string): GraphQLError => refused('FORBIDDEN', message);
