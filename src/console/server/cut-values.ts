/** Values of types that have fields of their own type, which documents select to a bounded depth. */
import type { DescribedField, DescribedType } from './collections.ts';

/** Whether a typed value reaches the depth to which a type inside itself is selected, so that the page may not have all of it. */
export const mayBeCut = (fields: readonly DescribedField[], value: unknown): boolean =>
  fields.some(({ name, type }) => reachesCut(type, (value as Readonly<Record<string, unknown>>)[name]));

function reachesCut(type: DescribedType, value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (type.kind === 'list') return (value as readonly unknown[]).some((element) => reachesCut(type.of, element));
  return type.kind === 'object' && (type.isCut === true || mayBeCut(type.fields, value));
}
