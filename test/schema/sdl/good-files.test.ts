import { describe, expect, it } from 'vitest';
import { ITEMS } from '../../../schema/sdl/definition.ts';
import { conditionName, generatedNames, rootFieldsOf } from '../../../schema/sdl/generated-names.ts';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import { typeText } from '../../support/sdl/sdl-of.ts';

const QUOTES = `"""A price."""
type Quote @collection(key: "symbol", plural: "prices", ttl: 3600, maxItems: 10000, maxBytes: 1000000, window: 5000) {
  symbol: ID!
  "In dollars."
  price: Float!
  venue: Venue @deprecated(reason: "See lines.")
  lines: [Line!]!
  at: DateTime @deprecated
}
enum Venue { NYSE "London" LSE @deprecated(reason: "Moved.") }
type Line { quantity: Int parent: Line children: [Line!]! }
scalar DateTime @specifiedBy(url: "https://example.org/time")
`;

const parse = (text: string) => parseSdlFile(text, 'schema.graphql');

describe('parseSdlFile', () => {
  it('a collection has the arguments of @collection, its fields with descriptions and deprecations, and its types', () => {
    const { collections, objects, enums, scalars } = parse(QUOTES);
    expect(collections).toEqual([
      {
        name: 'Quote',
        singular: 'quote',
        plural: 'prices',
        key: { name: 'symbol', type: 'ID' },
        ttl: 3600,
        maxItems: 10_000,
        maxBytes: 1_000_000,
        window: 5000,
        description: 'A price.',
        fields: [
          { name: 'symbol', type: { kind: 'named', name: 'ID', isNullable: false } },
          { name: 'price', type: { kind: 'named', name: 'Float', isNullable: false }, description: 'In dollars.' },
          { name: 'venue', type: { kind: 'named', name: 'Venue', isNullable: true }, deprecationReason: 'See lines.' },
          {
            name: 'lines',
            type: { kind: 'list', of: { kind: 'named', name: 'Line', isNullable: false }, isNullable: false },
          },
          {
            name: 'at',
            type: { kind: 'named', name: 'DateTime', isNullable: true },
            deprecationReason: 'No longer supported',
          },
        ],
      },
    ]);
    expect(objects.map(({ fields }) => fields.map(({ name, type }) => `${name}: ${typeText(type)}`))).toEqual([
      ['quantity: Int', 'parent: Line', 'children: [Line!]!'],
    ]);
    expect(enums).toEqual([
      {
        name: 'Venue',
        description: undefined,
        values: [{ name: 'NYSE' }, { name: 'LSE', description: 'London', deprecationReason: 'Moved.' }],
      },
    ]);
    expect(scalars).toEqual([{ name: 'DateTime' }]);
  });

  it('a collection without arguments but its key takes the plural from its name, and has no bounds of its own', () => {
    const { collections } = parse('type HTTPRoute @collection(key: "no") { no: Int! }');
    expect(collections[0]).toEqual({
      name: 'HTTPRoute',
      singular: 'hTTPRoute',
      plural: 'hTTPRoutes',
      key: { name: 'no', type: 'Int' },
      fields: [{ name: 'no', type: { kind: 'named', name: 'Int', isNullable: false } }],
    });
  });

  it.each([
    ['a byte order mark and comments', '\uFEFF# one\ntype A @collection(key: "b") { b: ID! } # two'],
    ['an id of its own, of any type', 'type A @collection(key: "b") { b: ID! id: [Float] }'],
    ['an id as its key', 'type A @collection(key: "id") { id: Int! }'],
    ['the name Item', 'type Item @collection(key: "sku") { sku: ID! value: JSON } scalar JSON'],
    ['types that no field uses', 'type A @collection(key: "b") { b: ID! } type B { c: C } enum C { D } scalar Date'],
    ['an object in itself through null', 'type A @collection(key: "b") { b: ID! c: C! } type C { c: C d: Int }'],
    ['an object in itself through lists', 'type A @collection(key: "b") { b: ID! c: C! } type C { c: [C!]! }'],
    [
      'an object twice in another',
      'type A @collection(key: "b") { b: ID! c: C! } type C { d: D! e: D! } type D { f: Int }',
    ],
    ['fields and/or/not in names only', 'type A @collection(key: "b") { b: ID! And: Int ors: Int isNull: Int }'],
    ['the largest bounds', 'type A @collection(key: "b", ttl: 2147483647, maxItems: 9007199254740991) { b: ID! }'],
    ['a collection after its types', 'enum Venue { A }\ntype A @collection(key: "b") { b: ID! v: Venue }'],
    ['two collections', 'type A @collection(key: "b") { b: ID! } type B @collection(key: "b") { b: Int! }'],
    ['names that differ from generated ones', 'type A @collection(key: "b") { b: ID! } type AInputs { c: Int }'],
    ['several kinds of lists', 'type A @collection(key: "b") { b: ID! c: [[[Int!]]!] d: [[[Int]]] e: [Int] }'],
  ])('parseSdlFile accepts a file with %s', (_, text) => {
    expect(parse(text).collections.length).toBeGreaterThan(0);
  });
});

describe('generated names', () => {
  const definition = parse(QUOTES);

  it('the server makes an input, filters, conditions and the types of pages and changes', () => {
    expect(generatedNames(definition).map(({ name }) => name)).toEqual(
      (
        'QuoteFilter QuoteChanges QuoteConnection QuoteEdge QuoteInput QuoteWhere LineInput LineWhere ' +
        'IDCondition FloatCondition VenueCondition LineListCondition DateTimeCondition IntCondition'
      ).split(' '),
    );
  });

  it.each([
    ['Float!', 'FloatCondition'],
    ['Venue', 'VenueCondition'],
    ['Line', 'LineWhere'],
    ['[Line!]', 'LineListCondition'],
    ['[[String]!]!', 'StringListListCondition'],
  ])('the condition on a field of type %s is %s', (type, name) => {
    const { collections } = parse(
      `type A @collection(key: "b") { b: ID! c: ${type} } type Line { d: Int } enum Venue { E }`,
    );
    const field = collections[0]?.fields[1];
    expect(field && conditionName(field.type, (name) => name === 'Line')).toBe(name);
  });

  it('the root fields of the collection Item are those of a server without a file', () => {
    expect(rootFieldsOf(ITEMS)).toEqual({
      Query: { item: 'item', page: 'items', stream: 'itemStream' },
      Mutation: { insert: 'insertItem', insertMany: 'insertItems', remove: 'removeItem' },
      Subscription: { items: 'items', changes: 'itemChanges' },
    });
  });

  it('the root fields of a collection with an irregular plural bear it', () => {
    expect(rootFieldsOf({ singular: 'person', plural: 'people' }).Mutation).toEqual({
      insert: 'insertPerson',
      insertMany: 'insertPeople',
      remove: 'removePerson',
    });
  });
});
