/** The scalars of typed values. A custom scalar's value is the JSON that is stored, so it comes in as it goes out. */
import { GraphQLError, GraphQLScalarType } from 'graphql';
import { DateTimeResolver, resolvers } from 'graphql-scalars';
import { shown } from '../../src/core/input/where/filter-budget.ts';
import { exactly, UnkeptNumber } from '../../src/core/model/json.ts';
import { JsonText } from '../../src/core/model/json-text.ts';
import { jsonScalar } from '../request/json-scalar.ts';
import { located } from './exact-floats.ts';

/** A scalar that is not one of GraphQL's own. */
export interface TypedScalar {
  readonly name: string;
  /** Undefined: the builder has it already. */
  readonly type: GraphQLScalarType | undefined;
  /** The JSON to store, from a value as it was sent. @throws {Error} for a value that the scalar refuses */
  readonly parse: (sent: unknown) => unknown;
  /** The JSON to store, from a value as graphql-js has coerced it. */
  readonly stored: (coerced: unknown) => unknown;
}

/** These round to 8 decimals by design. */
const ROUNDED = new Set(['Latitude', 'Longitude']);

const itself = (value: unknown): unknown => value;
const dateText = (date: unknown): unknown => (date instanceof Date ? date.toISOString() : date);

const STORED_DATE = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Whether a text is a time as it is stored, which graphql-scalars takes longer to find out. */
function isStoredDate(sent: unknown): boolean {
  if (typeof sent !== 'string' || !STORED_DATE.test(sent)) return false;
  const date = new Date(sent);
  return !Number.isNaN(date.getTime()) && date.toISOString() === sent;
}

/** The scalar that graphql-scalars has under the name. @throws {RangeError} if it has none */
export function typedScalar(name: string): TypedScalar {
  if (name === 'JSON') return { name, type: undefined, parse: itself, stored: itself };
  if (name === 'DateTime')
    return {
      name,
      type: undefined,
      parse: (sent) => (isStoredDate(sent) ? sent : dateText(DateTimeResolver.parseValue(sent))),
      stored: dateText,
    };
  const resolver = (resolvers as Readonly<Record<string, unknown>>)[name];
  if (!(resolver instanceof GraphQLScalarType)) throw new RangeError(`graphql-scalars has no scalar ${name}`);
  const parse = parseOf(resolver);
  return { name, type: scalarType(resolver, parse), parse, stored: itself };
}

/** The same type with another representation inside the server: JSON as it is stored. */
function scalarType(resolver: GraphQLScalarType, parse: TypedScalar['parse']): GraphQLScalarType {
  const { name, description, specifiedByURL, extensions } = resolver;
  const json = jsonScalar();
  return new GraphQLScalarType({
    name,
    description,
    specifiedByURL,
    extensions,
    serialize: serializeStored,
    parseValue: parse,
    // A literal is read as the same JSON in a variable is.
    parseLiteral: (node, variables) => located(node, () => parse(json.parseLiteral(node, variables))),
  });
}

function serializeStored(value: unknown): unknown {
  return value instanceof JsonText ? value : exactly(value);
}

function parseOf(resolver: GraphQLScalarType): TypedScalar['parse'] {
  const { name } = resolver;
  switch (name) {
    case 'BigInt':
    case 'Long':
      return (sent) => wholeNumber(name, sent);
    case 'Byte':
      // As a text: base64 and hexadecimal can be confused, so the text stays as it was sent.
      return (sent) => {
        if (typeof sent !== 'string') throw refusal(name, sent);
        resolver.parseValue(sent);
        return sent;
      };
    case 'Void':
      return () => null;
    default:
      return (sent) => (sent instanceof UnkeptNumber ? sent : normalOf(resolver, sent));
  }
}

function normalOf(resolver: GraphQLScalarType, sent: unknown): unknown {
  const { name } = resolver;
  const stored = dateText(resolver.serialize(resolver.parseValue(sent)));
  if (stored == null || Number.isNaN(stored)) throw refusal(name, sent);
  if (typeof stored === 'number' && !ROUNDED.has(name)) {
    // Some scalars drop a fraction.
    const number = Number(sent);
    if (!Number.isNaN(number) && number !== stored) throw refusal(name, sent);
  }
  return stored;
}

const WHOLE = /^(?:0|-?[1-9]\d*)$/;

/** A number where a double surely holds it, and else a text: as graphql-scalars writes it. */
function wholeNumber(name: string, sent: unknown): number | string {
  let text: string;
  if (sent instanceof UnkeptNumber) text = sent.source;
  else if (typeof sent === 'number' && Number.isInteger(sent)) text = String(BigInt(sent));
  else if (typeof sent === 'string') text = sent;
  else throw refusal(name, sent);
  if (!WHOLE.test(text)) throw refusal(name, sent);
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

const refusal = (name: string, sent: unknown): GraphQLError =>
  new GraphQLError(`${name} cannot represent value: ${shown(sent)}`);
