/** Random definitions of collections, for property tests. */
import fc from 'fast-check';
import type {
  CollectionDefinition,
  EnumDefinition,
  FieldDefinition,
  FieldType,
  ObjectDefinition,
  ScalarDefinition,
  SdlDefinition,
} from '../../../schema/sdl/definition.ts';

export interface Varied {
  /**
   * Names of scalars of graphql-scalars that a definition may declare.
   * @default a few of each kind: numbers, texts, dates, JSON
   */
  readonly scalars?: readonly string[];
  /** Whether lists of lists occur. @default true */
  readonly nestedLists?: boolean;
}

const words = (...lines: readonly string[]): string[] => lines.flatMap((line) => line.split(' '));

const BUILT_IN = ['ID', 'String', 'Int', 'Float', 'Boolean'];
const SCALARS = ['DateTime', 'JSON', 'Date', 'EmailAddress', 'URL', 'UUID', 'BigInt', 'PositiveInt', 'HexColorCode'];

/** No name that the server makes of some of these is the same as another: see `generatedNames`. */
const TYPES = words(
  'Quote Order Line Venue Sensor Room Player Team Ship Port_ X y',
  '_Z A1 HTTPRoute Item Value Key Stream Eclair Token Money type input',
);
const FIELDS = words(
  'price name a B _ x1 type input enum on true null key',
  'keys value eq has isEmpty ttl where path reason id',
);
const VALUES = ['RED', 'GREEN', 'blue', '_x', 'A1', 'type', 'constructor', 'toString', 'on'];

/**
 * Good definitions: `parseSdlFile` reads what `sdlOf` prints of them as the same definition. They have one to three collections with keys of
 * all types, fields of all kinds (nullable or not, lists and lists of lists, enums, scalars, objects, also recursive ones), descriptions,
 * deprecations and types that no field uses.
 */
export function sdlDefinitions({ scalars = SCALARS, nestedLists = true }: Varied = {}): fc.Arbitrary<SdlDefinition> {
  const names = fc.record({
    types: fc.shuffledSubarray(TYPES, { minLength: 9, maxLength: 9 }),
    collections: fc.integer({ min: 1, max: 3 }),
    objects: fc.integer({ min: 0, max: 3 }),
    enums: fc.integer({ min: 0, max: 3 }),
    scalars: fc.shuffledSubarray([...scalars], { maxLength: 4 }),
  });
  return names.chain((made) => {
    const [collections, others] = split(withDistinctCase(made.types), made.collections);
    const [objects, rest] = split(others, made.objects);
    const [enums] = split(rest, made.enums);
    const leaves = [...BUILT_IN, ...enums, ...made.scalars];
    return fc.record({
      collections: fc.tuple(...collections.map((name) => collection(name, { leaves, objects, nestedLists }))),
      objects: fc.tuple(
        ...objects.map((name, index) =>
          // Non-null fields lead to later objects only, so that each object has a finite value.
          object(name, { leaves, objects, required: objects.slice(index + 1), nestedLists }),
        ),
      ),
      enums: fc.tuple(...enums.map(enumeration)),
      scalars: fc.tuple(...made.scalars.map(scalar)),
    });
  });
}

interface Usable {
  /** Scalars and enums. */
  readonly leaves: readonly string[];
  readonly objects: readonly string[];
  /** The objects that a non-null field may have. @default all */
  readonly required?: readonly string[];
  readonly nestedLists: boolean;
}

/** Singular names of collections differ in more than the case of the first letter. */
const withDistinctCase = (names: readonly string[]): string[] => [
  ...new Map(names.map((name) => [name.toLowerCase(), name])).values(),
];

const split = (names: readonly string[], count: number): [string[], string[]] => [
  names.slice(0, count),
  names.slice(count),
];

const text = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('Plain text.', 'two\nlines', '"""', String.raw`a \ b`),
    fc.string({ unit: 'grapheme', minLength: 1 }),
  );

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

const named = (name: string, isNullable: boolean): FieldType => ({ kind: 'named', name, isNullable });

function fieldType({ leaves, objects, required = objects, nestedLists }: Usable): fc.Arbitrary<FieldType> {
  const some = (names: readonly string[], isNullable: fc.Arbitrary<boolean>): fc.Arbitrary<FieldType>[] =>
    names.length === 0 ? [] : [fc.tuple(fc.constantFrom(...names), isNullable).map((pair) => named(...pair))];
  const ofLeaves = some(leaves, fc.boolean());
  const bare = fc.oneof(...ofLeaves, ...some(objects, fc.constant(true)), ...some(required, fc.constant(false)));
  const element = fc.oneof(...ofLeaves, ...some(objects, fc.boolean()));
  const list = (of: fc.Arbitrary<FieldType>): fc.Arbitrary<FieldType> =>
    fc.record({ kind: fc.constant('list' as const), of, isNullable: fc.boolean() });
  return fc.oneof(
    { arbitrary: bare, weight: 4 },
    { arbitrary: list(element), weight: 2 },
    ...(nestedLists ? [{ arbitrary: list(list(element)), weight: 1 }] : []),
  );
}

function fields(usable: Usable, least: number): fc.Arbitrary<FieldDefinition[]> {
  const field = fc.record({
    name: fc.constantFrom(...FIELDS),
    type: fieldType(usable),
    description: optional(text()),
    deprecationReason: optional(text()),
  });
  return fc.uniqueArray(field, { minLength: least, maxLength: 6, selector: ({ name }) => name });
}

const object = (name: string, usable: Usable): fc.Arbitrary<ObjectDefinition> =>
  fc.record({ name: fc.constant(name), description: optional(text()), fields: fields(usable, 1) });

const count = (most: number): fc.Arbitrary<number | undefined> => optional(fc.integer({ min: 1, max: most }));

function collection(name: string, usable: Usable): fc.Arbitrary<CollectionDefinition> {
  const singular = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  const key = fc.record({
    name: fc.constantFrom('symbol', 'id', 'key', 'no'),
    type: fc.constantFrom('ID' as const, 'String' as const, 'Int' as const),
  });
  const made = fc.record({
    key,
    place: fc.nat(),
    description: optional(text()),
    keyDescription: optional(text()),
    others: fields(usable, 0),
    plural: fc.constantFrom(`${singular}s`, `all${name}`),
    ttl: count(0x7fffffff),
    maxItems: count(Number.MAX_SAFE_INTEGER),
    maxBytes: count(Number.MAX_SAFE_INTEGER),
    window: count(Number.MAX_SAFE_INTEGER),
  });
  return made.map(({ key, place, description, keyDescription, others, ...rest }) => {
    const kept = others.filter(({ name }) => name !== key.name);
    const keyField: FieldDefinition = {
      name: key.name,
      type: named(key.type, false),
      description: keyDescription,
      deprecationReason: undefined,
    };
    const fields = kept.toSpliced(place % (kept.length + 1), 0, keyField);
    return { name, singular, key, description, fields, ...rest };
  });
}

function enumeration(name: string): fc.Arbitrary<EnumDefinition> {
  const value = fc.record({
    name: fc.constantFrom(...VALUES),
    description: optional(text()),
    deprecationReason: optional(text()),
  });
  const values = fc.uniqueArray(value, { minLength: 1, maxLength: 5, selector: ({ name }) => name });
  return fc.record({ name: fc.constant(name), description: optional(text()), values });
}

const scalar = (name: string): fc.Arbitrary<ScalarDefinition> =>
  fc.record({ name: fc.constant(name), description: optional(text()) });
