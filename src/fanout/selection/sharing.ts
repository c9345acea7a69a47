/** Decides which subscriptions of a user's schema are rendered once for all: those that select nothing that depends on the caller. */
import type { GraphQLField } from 'graphql';

interface Marks {
  readonly seamline?: { readonly ours?: boolean; readonly shared?: boolean };
  readonly pothosExposedField?: unknown;
  readonly pothosConfig?: { readonly resolve?: unknown; readonly subscribe?: unknown };
}

/**
 * Whether a field is the same for all callers: it has no resolver, or Pothos exposes it, or it is one of ours. Pothos's and ours count only
 * with their original resolver, because a plugin's wrapper (permissions, say) may look at the caller. A user may mark any other field by
 * `extensions: { seamline: { shared: true } }`.
 */
export function isShared({ resolve, subscribe, extensions }: GraphQLField<unknown, unknown>): boolean {
  const { seamline, pothosExposedField, pothosConfig } = extensions as Marks;
  // A wrapper around a stream may change what it yields.
  if (subscribe && pothosConfig?.subscribe !== subscribe) return false;
  if (!resolve || seamline?.shared === true) return true;
  return (pothosExposedField !== undefined || seamline?.ours === true) && pothosConfig?.resolve === resolve;
}
