/** What the types and root fields that the server makes from a file are called. */
import type { CollectionNames, FieldType, ObjectDefinition, SdlDefinition } from './definition.ts';

/** The input of an object or a collection. */
export const inputName = (type: string): string => `${type}Input`;
/** The conditions on the fields of an object or a collection. */
export const whereName = (type: string): string => `${type}Where`;
export const filterName = (collection: string): string => `${collection}Filter`;
export const changesName = (collection: string): string => `${collection}Changes`;
export const connectionName = (collection: string): string => `${collection}Connection`;
export const edgeName = (collection: string): string => `${collection}Edge`;

/**
 * The input with the conditions on a field: `FloatCondition`, `StringListCondition`, `LineWhere`, `LineListCondition`.
 * `isObject`: whether the file defines an object type with this name.
 */
export function conditionName(type: FieldType, isObject: (name: string) => boolean): string {
  if (type.kind === 'named') return isObject(type.name) ? whereName(type.name) : `${type.name}Condition`;
  const { name, depth } = baseOf(type);
  return `${name}${'List'.repeat(depth)}Condition`;
}

/** The named type that a type is made of, and how many lists are around it. */
export function baseOf(type: FieldType): { readonly name: string; readonly depth: number } {
  if (type.kind === 'named') return { name: type.name, depth: 0 };
  const { name, depth } = baseOf(type.of);
  return { name, depth: depth + 1 };
}

export interface RootFields {
  readonly Query: { readonly item: string; readonly page: string; readonly stream: string };
  readonly Mutation: { readonly insert: string; readonly insertMany: string; readonly remove: string };
  readonly Subscription: { readonly items: string; readonly changes: string };
}

/** The root fields of a collection: `quote`, `quotes`, `quoteStream`, `insertQuote` and so on. */
export function rootFieldsOf({ singular, plural }: Pick<CollectionNames, 'singular' | 'plural'>): RootFields {
  return {
    Query: { item: singular, page: plural, stream: `${singular}Stream` },
    Mutation: {
      insert: `insert${capitalised(singular)}`,
      insertMany: `insert${capitalised(plural)}`,
      remove: `remove${capitalised(singular)}`,
    },
    Subscription: { items: plural, changes: `${singular}Changes` },
  };
}

const capitalised = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** Of `Quote`: `quote`. */
export const singularOf = (type: string): string => `${type.charAt(0).toLowerCase()}${type.slice(1)}`;

export interface GeneratedName {
  readonly name: string;
  /** What it is made of, for messages: `Quote`, `lists of Venue`. */
  readonly of: string;
  /** The type that `of` speaks of. It is in the file or one of GraphQL's own scalars. */
  readonly type: string;
}

/** Every type that the server makes from the file. A condition that several fields share occurs once. */
export function generatedNames({ collections, objects }: SdlDefinition): readonly GeneratedName[] {
  const isObject = new Set(objects.map(({ name }) => name));
  const makers = [filterName, changesName, connectionName, edgeName, inputName, whereName];
  const ofCollections = collections.flatMap(({ name }) =>
    makers.map((make) => ({ name: make(name), of: name, type: name })),
  );
  const ofObjects = objects.flatMap(({ name }) =>
    [inputName, whereName].map((make) => ({ name: make(name), of: name, type: name })),
  );
  const conditions = [...collections, ...objects].flatMap((object) =>
    conditionsOf(object, (name) => isObject.has(name)),
  );
  const all = [...ofCollections, ...ofObjects, ...conditions];
  return [...new Map(all.map((generated) => [`${generated.name} ${generated.of}`, generated])).values()];
}

function conditionsOf({ fields }: ObjectDefinition, isObject: (name: string) => boolean): GeneratedName[] {
  return fields.map(({ type }) => {
    const { name, depth } = baseOf(type);
    return { name: conditionName(type, isObject), of: `${'lists of '.repeat(depth)}${name}`, type: name };
  });
}
