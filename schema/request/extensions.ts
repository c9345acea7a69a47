/** What the extensions of our fields and inputs say. */
import type { GraphQLField, GraphQLInputObjectType } from 'graphql';
import type { Context } from './context.ts';

/**
 * How a field is rendered without its resolver and its type: the JSON that they make of the source. Spends what the resolver spends of the
 * budget. Undefined for anything unusual, wrong values included: then the resolver and the type decide.
 */
export type FieldText = (source: never, context: Pick<Context, 'budget'>) => string | undefined;

/** The field has it as `extensions.seamline.text`. Undefined for most fields. */
export function fieldTextOf({ extensions }: Pick<GraphQLField<unknown, unknown>, 'extensions'>): FieldText | undefined {
  const { seamline } = extensions as { readonly seamline?: { readonly text?: FieldText } };
  return seamline?.text;
}

/** Marks the inputs of typed values. Their size is bounded in bytes, so their lists need no bound of their own. */
export const VALUE_INPUT = { seamline: { isValue: true } } as const;

export function isValueInput({ extensions }: GraphQLInputObjectType): boolean {
  const { seamline } = extensions as { readonly seamline?: { readonly isValue?: boolean } };
  return seamline?.isValue === true;
}
