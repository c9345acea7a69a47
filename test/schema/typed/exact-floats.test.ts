import {
  __Type,
  type GraphQLNamedType,
  graphqlSync,
  GraphQLFloat,
  type GraphQLSchema,
  specifiedScalarTypes,
} from 'graphql';
import { expect, it } from 'vitest';
import { createSchema } from '../../../schema/index.ts';
import { quotesSdl } from '../../support/typed/quotes-sdl.ts';

const introspected = (): unknown[] => Object.values(__Type.getFields()).map(({ type }) => type);

const typeNames = (schema: GraphQLSchema): string[] =>
  Object.values<GraphQLNamedType>(schema.getTypeMap()).map(({ name }) => name);

it('a schema with exact floats leaves the types alone that all schemas of the process share', () => {
  const [types, { serialize, parseValue, parseLiteral }] = [introspected(), GraphQLFloat];
  const schema = createSchema({ definition: quotesSdl() });
  expect(introspected().every((type, at) => type === types[at])).toBe(true);
  expect(GraphQLFloat).toMatchObject({ serialize, parseValue, parseLiteral });
  expect(specifiedScalarTypes).toContain(GraphQLFloat);
  expect(schema.getType('Float')).not.toBe(GraphQLFloat);
});

it('two schemas of one process share no type of their files', () => {
  const [first, second] = [createSchema({ definition: quotesSdl() }), createSchema({ definition: quotesSdl() })];
  const shared = typeNames(first).filter((name) => first.getType(name) === second.getType(name));
  const expected = ['ID', 'String', 'Int', 'Boolean', ...typeNames(first).filter((name) => name.startsWith('__'))];
  expect(shared.toSorted()).toEqual(expected.toSorted());
});

it('introspection shows exact floats as Float', () => {
  const schema = createSchema({ definition: quotesSdl() });
  const source = '{ __type(name: "Quote") { fields { name type { ofType { kind name } } } } }';
  const { data } = graphqlSync({ schema, source });
  expect(JSON.stringify(data)).toContain('{"name":"price","type":{"ofType":{"kind":"SCALAR","name":"Float"}}}');
});
