/** Fields with their types resolved down to scalars and enums, to a bounded depth. */
import type { IntrospectedInput, IntrospectedType, TypeReference } from './introspection.ts';

export interface DescribedField {
  readonly name: string;
  readonly type: DescribedType;
}

export type DescribedType =
  | { readonly kind: 'scalar'; readonly name: string; readonly isNullable: boolean }
  | { readonly kind: 'enum'; readonly name: string; readonly isNullable: boolean; readonly values: readonly string[] }
  /** An output type or an input. */
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly isNullable: boolean;
      readonly fields: readonly DescribedField[];
      /** Whether fields that would recur too often are left out: a value may have more than what is selected. */
      readonly isCut?: true;
    }
  | { readonly kind: 'list'; readonly of: DescribedType; readonly isNullable: boolean };

interface Bounds {
  /** Of the whole tree. */
  readonly fields: number;
  /** How often a type may occur on the way from the collection to a field. */
  readonly recursion: number;
  /** Types on the way from the collection to a field. */
  readonly levels: number;
}

/**
 * From the largest tree to the smallest. A type that refers to itself by several fields grows with each level, so it gets fewer levels. Among
 * types that refer to each other even the ways without recursion are too many: the longest are left out. The last tree has no objects.
 */
const BOUNDS: readonly Bounds[] = [
  ...[5, 4, 3, 2].map((recursion) => ({ fields: 1000, recursion, levels: Infinity })),
  // Nothing is left out but recursion. A server takes documents with at most 3,000 parts.
  { fields: 2500, recursion: 1, levels: Infinity },
  ...[6, 5, 4, 3, 2].map((levels) => ({ fields: 1000, recursion: 1, levels })),
  { fields: Infinity, recursion: 1, levels: 1 },
];

export type TypesByName = ReadonlyMap<string, IntrospectedType>;

class TooManyFields extends Error {}

export interface FieldsOfType {
  readonly fields: readonly DescribedField[];
  /** The types that contain themselves, of which the fields below some level are left out. */
  readonly cutTypes: readonly CutType[];
}

export interface CutType {
  readonly name: string;
  /** How often the type occurs at most on the way to a field. */
  readonly levels: number;
}

/** The fields of a type, and those of its objects. */
export function fieldTree(types: TypesByName, name: string): FieldsOfType {
  for (const bounds of BOUNDS)
    try {
      const tree = new FieldTree(types, bounds);
      const fields = tree.fieldsOf(name, []);
      const levels = Math.min(bounds.recursion, bounds.levels);
      return { fields, cutTypes: [...tree.cutNames].map((cut) => ({ name: cut, levels })) };
    } catch (error) {
      if (!(error instanceof TooManyFields)) throw error;
    }
  // The last bounds allow any number of fields.
  return { fields: [], cutTypes: [] };
}

class FieldTree {
  readonly #types: TypesByName;
  readonly #bounds: Bounds;
  readonly cutNames = new Set<string>();
  #count = 0;

  constructor(types: TypesByName, bounds: Bounds) {
    this.#types = types;
    this.#bounds = bounds;
  }

  fieldsOf(name: string, path: readonly string[]): DescribedField[] {
    const type = this.#types.get(name);
    const fields: readonly IntrospectedInput[] = type?.fields ?? type?.inputFields ?? [];
    return fields.flatMap(({ name: fieldName, type: reference }) => {
      if (++this.#count > this.#bounds.fields) throw new TooManyFields();
      const described = this.#typeOf(reference, [...path, name]);
      return described ? [{ name: fieldName, type: described }] : [];
    });
  }

  /** Undefined: the field is left out, because it has nothing to select. */
  #typeOf(reference: TypeReference, path: readonly string[], isNullable = true): DescribedType | undefined {
    const { kind, name, ofType } = reference;
    if (kind === 'NON_NULL' && ofType) return this.#typeOf(ofType, path, false);
    if (kind === 'LIST' && ofType) {
      const of = this.#typeOf(ofType, path);
      return of && { kind: 'list', of, isNullable };
    }
    if (name === null) return undefined;
    const type = this.#types.get(name);
    if (kind === 'SCALAR') return { kind: 'scalar', name, isNullable };
    if (kind === 'ENUM')
      return { kind: 'enum', name, isNullable, values: (type?.enumValues ?? []).map((value) => value.name) };
    if (kind !== 'OBJECT' && kind !== 'INPUT_OBJECT') return undefined;
    const { recursion, levels } = this.#bounds;
    if (path.length >= levels || path.filter((visited) => visited === name).length >= recursion) {
      this.cutNames.add(name);
      return undefined;
    }
    const fields = this.fieldsOf(name, path);
    if (fields.length === 0) return undefined;
    const isCut = fields.length < (type?.fields ?? type?.inputFields ?? []).length;
    return { kind: 'object', name, isNullable, fields, ...(isCut && { isCut }) };
  }
}
