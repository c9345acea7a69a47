/** Makes examples of inputs, for GraphiQL and the console. */
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  type GraphQLScalarType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

/** The first that a scalar accepts is its example. No scalar of graphql-scalars with a value of common use lacks one. */
const CANDIDATES: readonly unknown[] = [
  ['example', 1, -1, true, { text: 'example' }],
  ['2026-01-31T12:00:00Z', '2026-01-31', '12:00:00Z', '12:00:00', 'PT1H', 'Europe/Berlin', '+01:00'],
  ['user@example.com', 'https://example.com/', '+15550100', '10115', 'DE', 'en', 'EUR', '1.0.0'],
  ['00000000-0000-4000-8000-000000000000', '507f1f77bcf86cd799439011', '01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  ['192.0.2.1', '2001:db8::1', '02:00:00:00:00:01', 'DE89370400440532013000', '978-3-16-148410-0', 'ZXhhbXBsZQ=='],
  ['#0f766e', 'rgb(15, 118, 110)', 'rgba(15, 118, 110, 0.5)', 'hsl(175, 77%, 26%)', 'hsla(175, 77%, 26%, 0.5)'],
].flat();

/** Of a scalar that accepts more than it is for. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  Float: 1.5,
  Latitude: 52.5,
  Longitude: 13.4,
  PhoneNumber: '+15550100',
  PostalCode: '10115',
  Currency: 'EUR',
  Locale: 'en',
  Timestamp: 0,
  JSON: { text: 'example' },
};

/** Types in each other. An example shows how to write an input, and types that refer to each other would make it endless. */
const MAX_LEVELS = 3;

/** All fields of the input, without those that are nullable and recur, are deep, or have no known example. */
export function exampleOf(type: GraphQLInputObjectType): Readonly<Record<string, unknown>> {
  return objectOf(type, []);
}

function objectOf(type: GraphQLInputObjectType, outer: readonly string[]): Record<string, unknown> {
  const fields = Object.values(type.getFields()).filter((field) => field.deprecationReason == null);
  const examples = fields.flatMap(({ name, type: fieldType }) => {
    const example = valueOf(fieldType, [...outer, type.name]);
    return example === undefined ? [] : [[name, example] as const];
  });
  return Object.fromEntries(examples);
}

/** Undefined: a nullable field is left out. */
function valueOf(type: GraphQLInputType, outer: readonly string[], isRequired = false): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, outer, true) ?? 'example';
  if (isListType(type)) {
    const element = isLeftOut(getNamedType(type), outer) ? undefined : valueOf(type.ofType, outer);
    return element === undefined ? [] : [element];
  }
  if (isInputObjectType(type)) return !isRequired && isLeftOut(type, outer) ? undefined : objectOf(type, outer);
  if (isEnumType(type)) return type.getValues().find((value) => value.deprecationReason == null)?.name;
  // What graphql-js calls an input type is one of these, or a scalar.
  return scalarOf(type);
}

function isLeftOut(type: GraphQLNamedInputType, outer: readonly string[]): boolean {
  return isInputObjectType(type) && (outer.length >= MAX_LEVELS || outer.includes(type.name));
}

function scalarOf(type: GraphQLScalarType): unknown {
  if (Object.hasOwn(BY_NAME, type.name)) return BY_NAME[type.name];
  return CANDIDATES.find((candidate) => {
    try {
      type.parseValue(candidate);
      return true;
    } catch {
      return false;
    }
  });
}

/** A value as a literal of a document. Enum values are written without quotes. */
export function literalOf(value: unknown, type: GraphQLInputType | undefined): string {
  if (isNonNullType(type)) return literalOf(value, type.ofType);
  if (Array.isArray(value)) {
    const element = isListType(type) ? type.ofType : undefined;
    return `[${value.map((each) => literalOf(each, element)).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = isInputObjectType(type) ? type.getFields() : {};
    const members = Object.entries(value).map(([name, member]) => `${name}: ${literalOf(member, fields[name]?.type)}`);
    return `{ ${members.join(', ')} }`;
  }
  return isEnumType(type) ? String(value) : JSON.stringify(value);
}
