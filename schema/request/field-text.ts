/** How a field is rendered without its resolver and its type: the field has it as `extensions.seamline.text`. */
import type { GraphQLField } from 'graphql';
import type { Context } from './context.ts';

/**
 * The JSON that the field's resolver and its type make of the source. Spends what the resolver spends of the budget. Undefined for anything
 * unusual, wrong values included: then the resolver and the type decide.
 */
export type FieldText = (source: never, context: Pick<Context, 'budget'>) => string | undefined;

/** Undefined for most fields. */
export function fieldTextOf({ extensions }: Pick<GraphQLField<unknown, unknown>, 'extensions'>): FieldText | undefined {
  const { seamline } = extensions as { readonly seamline?: { readonly text?: FieldText } };
  return seamline?.text;
}
