import { describe, expect, it } from 'vitest';
import { parseSdlFile, SdlFileError } from '../../../schema/sdl/parse-sdl-file.ts';

/** Line 2 and below of a file with a collection. */
const beside = (text: string): string => `type A @collection(key: "b") { b: ID! }\n${text}`;

/** A collection with one more field, which is in line 2. */
const withField = (field: string): string => `type A @collection(key: "b") { b: ID!\n${field} }`;

const refused = (text: string, message: string): void => {
  const read = (): unknown => parseSdlFile(text, 'schema.graphql');
  expect(read).toThrow(SdlFileError);
  expect(read).toThrow(new SdlFileError(`schema.graphql${message}`));
};

describe('a wrong type of an SDL file', () => {
  it.each<[text: string, message: string]>([
    // Syntax.
    ['type', ':1: syntax error: Expected Name, found <EOF>'],
    ['type A {\n b: }', ':2: syntax error: Expected Name, found "}"'],
    ['type A {}', ':1: syntax error: Expected Name, found "}"'],
    ['type A { "b: ID! }', ':1: syntax error: Unterminated string'],
    ['enum E { A\n true }', ':2: syntax error: Name "true" is reserved and cannot be used for an enum value'],

    // What no file has.
    [beside('interface I { c: Int }'), ':2: I is an interface: write its fields into each type instead'],
    [beside('union U = A'), ':2: U is a union: use one object type with nullable fields instead'],
    [beside('input I { c: Int }'), ':2: I is an input: remove it; the server makes the inputs from the types'],
    [beside('directive @d on OBJECT'), ':2: @d is the definition of a directive: remove it; a file defines none'],
    [
      beside('schema { query: A }'),
      ':2: a schema is defined: remove it; the server makes the root types from the collections',
    ],
    [
      beside('extend schema @d'),
      ':2: a schema is defined: remove it; the server makes the root types from the collections',
    ],
    [beside('extend type A { c: Int }'), ':2: A is extended: write the whole definition in one place instead'],
    [beside('extend enum E { C }'), ':2: E is extended: write the whole definition in one place instead'],
    [beside('query Q { c }'), ':2: a query is no part of a schema: remove it'],
    [beside('{ c }'), ':2: a query is no part of a schema: remove it'],
    [beside('fragment F on A { b }'), ':2: F is a fragment, which is no part of a schema: remove it'],
    ['type A implements\nI { b: ID! }', ':2: A implements I: remove it; a file has no interfaces'],
    [withField('c(d: Int): Int'), ':2: A.c has the argument d: remove it; fields hold data, without arguments'],
    [
      beside('"""\nAll\n"""\ntype Query { c: Int }'),
      ':5: Query is a root type: remove it; the server makes the root types from the collections',
    ],
    [
      beside('type Mutation { c: Int }'),
      ':2: Mutation is a root type: remove it; the server makes the root types from the collections',
    ],

    // Types and fields that are missing, or there twice.
    [beside('type B'), ':2: B has no fields: add one'],
    [beside('enum B'), ':2: B has no values: add one'],
    [beside('enum A { C }'), ':2: A is defined twice, first in line 1: remove or rename one of them'],
    [withField('b: Int'), ':2: A.b is defined twice, first in line 1: remove or rename one of them'],
    [beside('enum B { C C }'), ':2: B.C is defined twice, first in line 2: remove or rename one of them'],
    [withField('c: Flot'), ':2: A.c is of the unknown type Flot: define it in the file'],
    [withField('c: [[Date!]]'), ':2: A.c is of the unknown type Date: declare it: scalar Date'],
    [withField('c: toString'), ':2: A.c is of the unknown type toString: define it in the file'],
    [withField('c: Void'), ':2: A.c is of the unknown type Void: define it in the file'],
    [beside('scalar Dat'), ':2: graphql-scalars has no scalar Dat: use one that it has, such as DateTime, or String'],
    [beside('scalar Void'), ':2: graphql-scalars has no scalar Void: use one that it has, such as DateTime, or String'],
    [
      beside('scalar toString'),
      ':2: graphql-scalars has no scalar toString: use one that it has, such as DateTime, or String',
    ],
    [withField('c: [A!]'), ':2: A.c is of the type A, which is a collection: store the key of the A instead'],
    [beside('type B { c: A }'), ':2: B.c is of the type A, which is a collection: store the key of the A instead'],
    [
      beside('type B { c: B! }'),
      ':2: B contains itself through non-null fields (B.c), so that no value is finite: make one of them nullable',
    ],
    [
      beside('type B { x: Int\n c: C! }\ntype C { d: D! }\ntype D { y: [B!]! b: C! }'),
      ':4: C contains itself through non-null fields (C.d, D.b), so that no value is finite: make one of them nullable',
    ],
  ])('the file %j is refused with its line and a remedy', refused);
});

describe('a reserved name in an SDL file', () => {
  it.each(['RemovedItem', 'RemovalReason', 'OnLag', 'PageInfo', 'StreamStatus', '_Any', '_Entity', '_Service'])(
    'a type, an enum and a scalar of the name %s are refused',
    (name) => {
      for (const statement of [`type ${name} { c: Int }`, `enum ${name} { C }`, `scalar ${name}`])
        refused(beside(statement), `:2: ${name} is the name of a type that the server makes: rename it`);
    },
  );

  it.each<[text: string, message: string]>([
    [beside('enum Int { C }'), ':2: Int is a scalar of GraphQL itself: rename it'],
    [beside('scalar ID'), ':2: ID is a scalar of GraphQL itself: remove the declaration'],
    [beside('type JSON { c: Int }'), ':2: JSON is the name of a scalar that the server makes: rename it'],
    [beside('enum DateTime { C }'), ':2: DateTime is the name of a scalar that the server makes: rename it'],
    [beside('type __B { c: Int }'), ':2: __B starts with __, which is reserved for introspection: rename it'],
    [withField('__c: Int'), ':2: A.__c starts with __, which is reserved for introspection: rename it'],
    [beside('enum B { __C }'), ':2: B.__C starts with __, which is reserved for introspection: rename it'],
    ...['cursor', 'timestamp', 'expiresAt'].map((field): [string, string] => [
      withField(`${field}: Int`),
      `:2: A.${field} has the name of a field that the server adds to each collection: rename the field`,
    ]),
    ...['and', 'or', 'not'].map((field): [string, string] => [
      withField(`${field}: Int`),
      `:2: A.${field} clashes with "${field}" of the filter AWhere: rename the field`,
    ]),
    ...['and', 'or', 'not', 'isNull'].map((field): [string, string] => [
      beside(`type B { ${field}: Int }`),
      `:2: B.${field} clashes with "${field}" of the filter BWhere: rename the field`,
    ]),
  ])('the file %j is refused with its line and a remedy', refused);
});
