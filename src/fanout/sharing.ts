/** Which subscriptions of somebody else's schema may be rendered once for all: those that select nothing that depends on the caller. */
import type { GraphQLField, GraphQLSchema } from 'graphql';
import type { Operation } from '../../schema/request/context.ts';
import { compileOperation } from './selections.ts';

interface Marks {
  readonly seamline?: { readonly ours?: boolean; readonly shared?: boolean };
  readonly pothosExposedField?: unknown;
  readonly pothosConfig?: { readonly resolve?: unknown; readonly subscribe?: unknown };
}

/**
 * A field that nobody resolves, that Pothos exposes, or that is one of ours: and only with the resolver that it was made with, for a
 * plugin's around it (permissions, say) may look at the caller. Or its user says so: `extensions: { seamline: { shared: true } }`.
 */
export function isShared({ resolve, subscribe, extensions }: GraphQLField<unknown, unknown>): boolean {
  const { seamline, pothosExposedField, pothosConfig } = extensions as Marks;
  // What wraps a stream may change what it yields.
  if (subscribe && pothosConfig?.subscribe !== subscribe) return false;
  if (!resolve || seamline?.shared === true) return true;
  return (pothosExposedField !== undefined || seamline?.ours === true) && pothosConfig?.resolve === resolve;
}

export function isShareable(schema: GraphQLSchema, operation: Operation): boolean {
  return compileOperation(schema, operation, isShared) !== undefined;
}
