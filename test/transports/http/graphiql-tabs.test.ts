import { buildSchema, GraphQLInputObjectType, GraphQLNonNull, GraphQLScalarType, parse, validate } from 'graphql';
import { resolvers } from 'graphql-scalars';
import { expect, it } from 'vitest';
import { createSchema } from '../../../schema/index.ts';
import { exampleOf, literalOf } from '../../../src/transports/http/example-input.ts';
import { graphiqlTabs } from '../../../src/transports/http/graphiql-tabs.ts';
import { pageCollections } from '../../../src/transports/http/page-collections.ts';
import { typedSdl } from '../../support/described/typed-sdl.ts';

const TYPED = buildSchema(typedSdl({ friend: 'name: String friend: Friend' }));
Object.assign(TYPED.getType('DateTime') ?? {}, resolvers['DateTime']);

/** The names of the operations in the documents. */
const names = (documents: readonly string[]): (string | undefined)[] =>
  documents.map((text) => /^(?:query|mutation|subscription) (\w+)/m.exec(text)?.[1]);

it.each([
  { of: 'a server without an SDL file', schema: createSchema(), tabs: ['Items', 'ItemChanges', 'Insert', 'Filter'] },
  { of: 'a server with an SDL file', schema: TYPED, tabs: ['Quotes', 'QuoteChanges', 'Insert', 'Page'] },
])('each tab of GraphiQL is a document that is valid for $of', ({ schema, tabs }) => {
  const documents = graphiqlTabs(schema);
  expect(names(documents)).toEqual(tabs);
  for (const text of documents) expect(validate(schema, parse(text))).toEqual([]);
});

it('the tab that inserts has an example for each field of the input', () => {
  const insertion = graphiqlTabs(TYPED)[2] ?? '';
  // Versions of graphql differ in spaces and commas.
  expect(insertion.replaceAll(/[\s,]+/g, '')).toContain(
    'symbol:"example"price:1.5venue:NYSEtags:["example"]lines:[{count:1}]at:"2026-01-31T12:00:00Z"}',
  );
});

it('a collection of the pages has an input that its mutation accepts, without fields inside themselves', () => {
  const collections = pageCollections(TYPED);
  expect(collections.map(({ names: { plural } }) => plural)).toEqual(['quotes', 'people']);
  for (const { documents, example } of collections)
    for (const text of [example.mutation, ...Object.values(documents)])
      expect(validate(TYPED, parse(text))).toEqual([]);
  const people = collections[1];
  expect(people?.example.input).toEqual({
    id: 1,
    key: 'example',
    boss: { name: 'example' },
    friends: [{ name: 'example' }],
  });
  expect(people?.inputSdl.match(/^input \w+/gm)).toEqual(['input PersonInput', 'input BossInput', 'input FriendInput']);
  expect(collections.map(({ example }) => example.where)).toEqual([
    '{"price":{"isNull":false}}',
    '{"key":{"isNull":false}}',
  ]);
  expect(pageCollections(createSchema())).toEqual([]);
});

/** Of other formats than any example has. */
const WITHOUT_EXAMPLE = new Set([
  'CountryName',
  'Cuid',
  'DeweyDecimal',
  'DID',
  'GeoJSON',
  'IPCPatent',
  'RoutingNumber',
  'SESSN',
  'Void',
]);

it.each(Object.entries(resolvers).filter(([name]) => !WITHOUT_EXAMPLE.has(name)))(
  'an example of the scalar %s is accepted as a variable and as a literal',
  (name, scalar) => {
    const type = new GraphQLNonNull(scalar);
    const input = new GraphQLInputObjectType({ name: 'Input', fields: { field: { type } } });
    const { field } = exampleOf(input);
    expect(() => scalar.parseValue(field)).not.toThrow();
    const schema = buildSchema(`scalar ${name} type Query { a(b: ${name}!): Int }`);
    Object.assign(schema.getType(name) ?? {}, scalar);
    expect(validate(schema, parse(`{ a(b: ${literalOf(field, type)}) }`))).toEqual([]);
  },
);

it('a nullable field whose scalar accepts no example is left out, and one that is not null has a text', () => {
  const none = new GraphQLScalarType({
    name: 'None',
    parseValue() {
      throw new Error('accepts nothing');
    },
  });
  const input = new GraphQLInputObjectType({
    name: 'Input',
    fields: { a: { type: none }, b: { type: new GraphQLNonNull(none) } },
  });
  expect(exampleOf(input)).toEqual({ b: 'example' });
});
