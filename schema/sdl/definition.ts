/** What an SDL file defines, checked: `parseSdlFile` makes it. Nothing here knows of Pothos, maps or the server. */

/** A scalar of GraphQL itself, or one of graphql-scalars that the file declares. */
export interface ScalarDefinition {
  readonly name: string;
  readonly description: string | undefined;
}

export interface EnumValueDefinition {
  readonly name: string;
  readonly description: string | undefined;
  readonly deprecationReason: string | undefined;
}

export interface EnumDefinition {
  readonly name: string;
  readonly description: string | undefined;
  readonly values: readonly EnumValueDefinition[];
}

/** The type of a field. */
export type FieldType =
  | { readonly kind: 'named'; readonly name: string; readonly isNullable: boolean }
  | { readonly kind: 'list'; readonly of: FieldType; readonly isNullable: boolean };

export interface FieldDefinition {
  readonly name: string;
  readonly type: FieldType;
  readonly description: string | undefined;
  readonly deprecationReason: string | undefined;
}

/** An object type without `@collection`: the type of a field, nested to any depth. */
export interface ObjectDefinition {
  readonly name: string;
  readonly description: string | undefined;
  readonly fields: readonly FieldDefinition[];
}

/** Names of a collection in the schema. */
export interface CollectionNames {
  /** Of the type: `Quote`. */
  readonly name: string;
  /** `quote`: the stem of `quoteChanges` and `quoteStream`. */
  readonly singular: string;
  /** `quotes`: also names the collection in scopes, logs and `--collection`. */
  readonly plural: string;
  /** The field whose value is the key, and the argument that takes one. Its type is never null. */
  readonly key: { readonly name: string; readonly type: 'ID' | 'String' | 'Int' };
}

export interface CollectionDefinition extends ObjectDefinition, CollectionNames {
  /** Of `@collection`. Undefined: the server's options hold. */
  readonly ttl: number | undefined;
  readonly maxItems: number | undefined;
  readonly maxBytes: number | undefined;
  readonly window: number | undefined;
}

export interface SdlDefinition {
  /** At least one, in the order of the file. */
  readonly collections: readonly CollectionDefinition[];
  /** Object types without `@collection`, in the order of the file. */
  readonly objects: readonly ObjectDefinition[];
  readonly enums: readonly EnumDefinition[];
  /** Those that the file declares. */
  readonly scalars: readonly ScalarDefinition[];
}

/** Of the collection that a server without an SDL file has. */
export const ITEMS: CollectionNames = {
  name: 'Item',
  singular: 'item',
  plural: 'items',
  key: { name: 'key', type: 'ID' },
};
