/** Marks the inputs of typed values. Their size is bounded in bytes, so their lists need no bound of their own. */
import type { GraphQLInputObjectType } from 'graphql';

/** The extensions of an input type of values. */
export const VALUE_INPUT = { seamline: { isValue: true } } as const;

export function isValueInput({ extensions }: GraphQLInputObjectType): boolean {
  const { seamline } = extensions as { readonly seamline?: { readonly isValue?: boolean } };
  return seamline?.isValue === true;
}
