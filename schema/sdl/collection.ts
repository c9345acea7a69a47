/** Reads `@collection`. */
import { type ConstDirectiveNode, type ConstValueNode, Kind } from 'graphql';
import type { CollectionDefinition, FieldType, ObjectDefinition } from './definition.ts';
import { argumentsOf } from './directives.ts';
import { flawAt, listed, shown } from './flaw.ts';
import { singularOf } from './generated-names.ts';

const MOST: Readonly<Record<'ttl' | 'maxItems' | 'maxBytes' | 'window', number>> = {
  ttl: 0x7fff_ffff,
  maxItems: Number.MAX_SAFE_INTEGER,
  maxBytes: Number.MAX_SAFE_INTEGER,
  window: Number.MAX_SAFE_INTEGER,
};
const ARGUMENTS = ['key', 'plural', ...Object.keys(MOST)];

const KEY_TYPES = ['ID', 'String', 'Int'] as const;

/** Arguments of `removeQuote` besides the key. */
const ARGUMENTS_OF_REMOVAL = new Set(['ifCursor', 'idempotencyKey']);

type Arguments = ReadonlyMap<string, ConstValueNode>;

/** @throws {Flaw} */
export function collectionOf(directive: ConstDirectiveNode, object: ObjectDefinition): CollectionDefinition {
  const given = argumentsOf(directive, ARGUMENTS);
  return {
    ...object,
    singular: singularOf(object.name),
    plural: pluralOf(given, object.name),
    key: keyOf(directive, given, object),
    ttl: countOf(given, 'ttl', object.name),
    maxItems: countOf(given, 'maxItems', object.name),
    maxBytes: countOf(given, 'maxBytes', object.name),
    window: countOf(given, 'window', object.name),
  };
}

function keyOf(
  directive: ConstDirectiveNode,
  given: Arguments,
  { name: collection, fields }: ObjectDefinition,
): CollectionDefinition['key'] {
  const value = given.get('key');
  if (value === undefined)
    throw flawAt(directive, `@collection of ${collection} has no key: name a field, as in @collection(key: "id")`);
  if (value.kind !== Kind.STRING)
    throw flawAt(value, `key of ${collection} must be a string that names a field, not ${shown(value)}`);
  const field = fields.find(({ name }) => name === value.value);
  if (!field) {
    const names = listed(fields.map(({ name }) => name));
    throw flawAt(value, `key of ${collection} names no field: ${shown(value)}; its fields are ${names}`);
  }
  const type = KEY_TYPES.find((type) => field.type.kind === 'named' && field.type.name === type);
  const place = `the key ${collection}.${field.name}`;
  if (type === undefined) throw flawAt(value, `${place} must be an ID!, String! or Int!, not ${printed(field.type)}`);
  if (field.type.isNullable) throw flawAt(value, `${place} must not be nullable: write ${type}! instead of ${type}`);
  if (ARGUMENTS_OF_REMOVAL.has(field.name))
    throw flawAt(value, `${place} clashes with the argument ${field.name} of the removal: rename the field`);
  return { name: field.name, type };
}

function pluralOf(given: Arguments, collection: string): string {
  const value = given.get('plural');
  if (value === undefined) return `${singularOf(collection)}s`;
  if (value.kind === Kind.STRING && /^(?!__)[A-Za-z_]\w*$/.test(value.value)) return value.value;
  throw flawAt(
    value,
    `plural of ${collection} must be a name of letters, digits and _ that starts with no digit and no __, not ${shown(value)}`,
  );
}

function countOf(given: Arguments, name: keyof typeof MOST, collection: string): number | undefined {
  const value = given.get(name);
  if (value === undefined) return undefined;
  const count = value.kind === Kind.INT ? Number(value.value) : Number.NaN;
  if (count >= 1 && count <= MOST[name]) return count;
  throw flawAt(value, `${name} of ${collection} must be a whole number from 1 to ${MOST[name]}, not ${shown(value)}`);
}

/** As the type is written in a file. */
function printed(type: FieldType): string {
  const text = type.kind === 'named' ? type.name : `[${printed(type.of)}]`;
  return type.isNullable ? text : `${text}!`;
}
