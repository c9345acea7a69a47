/** Values of the types of a definition: as they are sent, and as they are stored. */
import fc from 'fast-check';
import type { FieldType, ObjectDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';

/** Undefined members of objects are left out. */
export interface MadeValue {
  readonly sent: unknown;
  readonly stored: unknown;
}

const same = (...values: unknown[]): MadeValue[] => values.map((value) => ({ sent: value, stored: value }));

/** Few values of each scalar, so that filters often match. A pair: what is sent, and what is stored. */
const SAMPLES: Readonly<Record<string, readonly MadeValue[]>> = {
  ID: same('a', 'b', 'ab', '😀', '\uff5e'),
  String: same('', 'a', 'ab', 'b', 'ba', '😀', '\uff5e', 'toString', '"\\\n\u2028'),
  Int: same(0, 1, -1, 2, 2147483647, -2147483648),
  Float: same(0, 1, -1, 1.5, 2, 2 ** 60, 1e21, 5e-324, 1e300),
  Boolean: same(true, false),
  DateTime: [
    { sent: '2020-01-01T00:00:00Z', stored: '2020-01-01T00:00:00.000Z' },
    { sent: '2020-01-01T01:00:00.000+01:00', stored: '2020-01-01T00:00:00.000Z' },
    ...same('2020-01-01T00:00:00.001Z', '1969-12-31T23:59:59.999Z'),
  ],
  JSON: same(0, 'a', false, [], {}, [null, { a: null }], { constructor: { b: [1.5] } }, 2 ** 60),
  Date: same('2020-02-29', '1999-01-01'),
  EmailAddress: same('a@example.org', 'b@example.org'),
  URL: [
    { sent: 'http://example.org', stored: 'http://example.org/' },
    ...same('http://example.org/', 'https://example.org/a?b#c'),
  ],
  UUID: same('770915fd-cf71-4127-a143-f31b91e978b6', '00000000-0000-4000-8000-000000000000'),
  BigInt: [
    { sent: '9007199254740993', stored: '9007199254740993' },
    { sent: '12', stored: 12 },
    { sent: 2 ** 60, stored: '1152921504606846976' },
    ...same(12, -5, 0),
  ],
  PositiveInt: same(1, 2, 2 ** 53 - 1),
  HexColorCode: same('#abcdef', '#ABC'),
};

const NULL = fc.constant<MadeValue>({ sent: null, stored: undefined });
const ABSENT = fc.constant<MadeValue>({ sent: undefined, stored: undefined });

/** Values of a type that are not null. */
function madeType(sdl: SdlDefinition, type: FieldType, levels: number): fc.Arbitrary<MadeValue> {
  if (type.kind === 'list') {
    const { of } = type;
    const element = madeType(sdl, of, levels - 1);
    const one = of.isNullable
      ? fc.oneof(
          { arbitrary: fc.constant<MadeValue>({ sent: null, stored: null }), weight: 1 },
          { arbitrary: element, weight: 4 },
        )
      : element;
    return fc
      .array(one, { maxLength: levels > 0 ? 3 : 0 })
      .map((list) => ({ sent: list.map(({ sent }) => sent), stored: list.map(({ stored }) => stored) }));
  }
  const object = sdl.objects.find(({ name }) => name === type.name);
  if (object) return fc.constant(object).chain((definition) => madeObject(sdl, definition, levels - 1));
  return fc.constantFrom(...samplesOf(sdl, type.name));
}

/** Values of a scalar or an enum. */
export function samplesOf(sdl: SdlDefinition, name: string): readonly MadeValue[] {
  const values = sdl.enums.find((one) => one.name === name)?.values;
  const samples = values ? same(...values.map((value) => value.name)) : SAMPLES[name];
  if (!samples) throw new Error(`there are no values of ${name}`);
  return samples;
}

/** Values of an object type or a collection. `levels`: nullable objects and elements are not nested deeper. */
export function madeObject(sdl: SdlDefinition, { fields }: ObjectDefinition, levels = 3): fc.Arbitrary<MadeValue> {
  const members = fields.map(({ name, type }) => {
    if (!type.isNullable) return madeType(sdl, type, levels);
    // graphql-js takes an inherited `constructor` for a member that is there, so such a member has to be sent.
    const nothing = name in Object.prototype ? NULL : fc.oneof(NULL, ABSENT);
    return levels > 0
      ? fc.oneof({ arbitrary: nothing, weight: 1 }, { arbitrary: madeType(sdl, type, levels), weight: 3 })
      : nothing;
  });
  return fc.tuple(...members).map((made) => ({
    sent: recordOf(made.map(({ sent }, index) => [fields[index]?.name ?? '', sent])),
    stored: recordOf(made.map(({ stored }, index) => [fields[index]?.name ?? '', stored])),
  }));
}

const recordOf = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(entries.filter(([, value]) => value !== undefined));

/** What a client gets of a stored value for `selectionOf` the same type. */
export function shownOf(sdl: SdlDefinition, { fields }: ObjectDefinition, value: unknown, levels = 4): unknown {
  const show = (type: FieldType, one: unknown): unknown => {
    if (one == null) return null;
    if (type.kind === 'list') return (one as unknown[]).map((element) => show(type.of, element));
    const object = sdl.objects.find(({ name }) => name === type.name);
    return object ? shownOf(sdl, object, one, levels - 1) : one;
  };
  const members = new Map(Object.entries(value as object));
  return Object.fromEntries(
    shownFields(sdl, fields, levels).map(({ name, type }) => [name, show(type, members.get(name))]),
  );
}

/** Selects every field, objects in objects to so many levels. */
export function selectionOf(sdl: SdlDefinition, { fields }: ObjectDefinition, levels = 4): string {
  const texts = shownFields(sdl, fields, levels).map(({ name, type }) => {
    const object = objectOf(sdl, type);
    return object ? `${name} ${selectionOf(sdl, object, levels - 1)}` : name;
  });
  return `{ __typename ${texts.join(' ')} }`;
}

const shownFields = (sdl: SdlDefinition, fields: ObjectDefinition['fields'], levels: number) =>
  fields.filter(({ type }) => levels > 0 || !objectOf(sdl, type));

function objectOf(sdl: SdlDefinition, type: FieldType): ObjectDefinition | undefined {
  return type.kind === 'list' ? objectOf(sdl, type.of) : sdl.objects.find(({ name }) => name === type.name);
}

/** A GraphQL literal of the same value. What is no value of the type, or of an unknown type, is written as JSON is. */
export function literalOf(sdl: SdlDefinition, type: FieldType | ObjectDefinition | undefined, value: unknown): string {
  if (type === undefined || value === null) return jsonLiteral(value);
  if ('fields' in type) {
    if (typeof value !== 'object' || Array.isArray(value)) return jsonLiteral(value);
    const members = Object.entries(value).map(([name, member]) => {
      const field = type.fields.find((one) => one.name === name);
      return `${name}: ${literalOf(sdl, field?.type, member)}`;
    });
    return `{ ${members.join(', ')} }`;
  }
  if (type.kind === 'list') {
    if (!Array.isArray(value)) return literalOf(sdl, type.of, value);
    return `[${value.map((one) => literalOf(sdl, type.of, one)).join(', ')}]`;
  }
  const object = sdl.objects.find(({ name }) => name === type.name);
  if (object) return literalOf(sdl, object, value);
  const isEnum = typeof value === 'string' && sdl.enums.some(({ name }) => name === type.name);
  return isEnum ? value : jsonLiteral(value);
}

function jsonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonLiteral).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, member]) => `${name}: ${jsonLiteral(member)}`)
      .join(', ')}}`;
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21
    ? String(BigInt(value))
    : JSON.stringify(value);
}
