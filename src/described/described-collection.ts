/** The collections of a server, as its introspection describes them. Runs in browsers as well. */
import type { CollectionNames } from '../../schema/sdl/definition.ts';
import { ITEMS } from '../../schema/sdl/definition.ts';
import type { Description, IntrospectedField, IntrospectedType, TypeReference } from './introspection.ts';
import { type CutType, type DescribedField, fieldTree, type TypesByName } from './type-tree.ts';

export interface DescribedCollection {
  readonly names: CollectionNames;
  /** All fields of an item, in the order of the type: those of the value, and those that the server adds. */
  readonly fields: readonly DescribedField[];
  /** The fields of the value, the key included, in the order of the type: those that an insertion may have. */
  readonly valueFields: readonly DescribedField[];
  /** The fields of the input by which a value is inserted, in the order of the input. */
  readonly inputFields: readonly DescribedField[];
  /** Whether this is the collection of a server without an SDL file, whose items have a key and any JSON as the value. */
  readonly isItem: boolean;
  /** Types that contain themselves: `fields` lacks their values below some level. */
  readonly cutTypes: readonly CutType[];
}

const scalar = (name: string, isNullable = false) => ({ kind: 'scalar', name, isNullable }) as const;

const [KEY, VALUE] = [
  { name: 'key', type: scalar('ID') },
  { name: 'value', type: scalar('JSON') },
] as const;

/** The only collection of a server without an SDL file. It stands for the description of a server that refuses introspection. */
export const ITEM: DescribedCollection = {
  names: ITEMS,
  fields: [
    { name: 'id', type: scalar('ID') },
    KEY,
    VALUE,
    { name: 'timestamp', type: scalar('DateTime') },
    { name: 'expiresAt', type: scalar('DateTime', true) },
    { name: 'cursor', type: scalar('String') },
  ],
  valueFields: [KEY, VALUE],
  inputFields: [KEY, VALUE],
  isItem: true,
  cutTypes: [],
};

/** Fields that the server adds. */
const ADDED: ReadonlySet<string> = new Set(['cursor', 'timestamp', 'expiresAt']);

const KEY_TYPES = ['ID', 'String', 'Int'] as const;

/** The collections in the server's order. `data`: what `DESCRIBE` was answered with. Empty: the server is no seamline. */
export function describeCollections({ __schema: schema }: Description): readonly DescribedCollection[] {
  const types: TypesByName = new Map(schema.types.map((type) => [type.name, type]));
  const fieldsOf = (type: { readonly name: string } | null): readonly IntrospectedField[] =>
    (type && types.get(type.name)?.fields) ?? [];
  const [subscriptions, mutations] = [fieldsOf(schema.subscriptionType), fieldsOf(schema.mutationType)];
  return fieldsOf(schema.queryType).flatMap((field) => {
    const names = namesOf(field, subscriptions, types);
    return names ? [describe(names, mutations, types)] : [];
  });
}

/**
 * A collection has the query `quote(symbol:)` and the subscriptions `quotes`, of `Quote!`, and `quoteChanges`, whose messages have
 * `upserted: [Quote!]!`. Undefined: the field of Query is anything else.
 */
function namesOf(
  { name: singular, args, type }: IntrospectedField,
  subscriptions: readonly IntrospectedField[],
  types: TypesByName,
): CollectionNames | undefined {
  const [keyArgument, ...others] = args;
  const { kind, name } = type;
  if (kind !== 'OBJECT' || name === null || !keyArgument || others.length > 0) return undefined;
  const keyType = KEY_TYPES.find((candidate) => written(keyArgument.type) === `${candidate}!`);
  const plural = subscriptions.find((field) => written(field.type) === `${name}!`)?.name;
  const changes = subscriptions.find((field) => field.name === `${singular}Changes`);
  const message = changes && types.get(written(changes.type).replace('!', ''));
  const upserted = message?.fields?.find((field) => field.name === 'upserted');
  if (!keyType || plural === undefined || !upserted || written(upserted.type) !== `[${name}!]!`) return undefined;
  return { name, singular, plural, key: { name: keyArgument.name, type: keyType } };
}

function describe(
  names: CollectionNames,
  mutations: readonly IntrospectedField[],
  types: TypesByName,
): DescribedCollection {
  const insertion = mutations.find((field) => field.name === `insert${names.name}`);
  const input = insertion?.args.find((argument) => argument.name === 'input');
  const inputName = input && written(input.type).replace('!', '');
  // A collection of an SDL file has `ItemInput`, even if its type has the same name.
  if (names.name === ITEM.names.name && inputName === 'InsertItemInput') return ITEM;
  const { fields, cutTypes } = fieldTree(types, names.name);
  const inputFields = inputName === undefined ? [] : fieldTree(types, inputName).fields;
  const isGiven = (name: string): boolean =>
    input
      ? hasInputField(types.get(inputName ?? ''), name)
      : !ADDED.has(name) && (name !== 'id' || names.key.name === 'id');
  const valueFields = fields.filter(({ name }) => isGiven(name));
  return { names, fields, valueFields, inputFields, isItem: false, cutTypes };
}

const hasInputField = (type: IntrospectedType | undefined, name: string): boolean =>
  type?.inputFields?.some((field) => field.name === name) === true;

/** The type as SDL writes it: `[Quote!]!`. */
function written({ kind, name, ofType }: TypeReference): string {
  if (kind === 'NON_NULL' && ofType) return `${written(ofType)}!`;
  return kind === 'LIST' && ofType ? `[${written(ofType)}]` : (name ?? '');
}
