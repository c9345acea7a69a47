import { describe, expect, it } from 'vitest';
import { parseSdlFile, SdlFileError } from '../../../schema/sdl/parse-sdl-file.ts';

/** Each text starts in line 1, and its second field is in line 2. */
const collection = (args: string, fields = 'b: ID!\n c: Int'): string => `type A @collection${args} { ${fields} }`;

const key = (field: string, fields?: string): string => collection(`(key: "${field}")`, fields);

describe('a wrong @collection', () => {
  it.each<[text: string, message: string]>([
    ['', ': no type has @collection: add it to each type whose items the server keeps'],
    ['# only\n # comments ####', ': no type has @collection: add it to each type whose items the server keeps'],
    ['type A { b: ID! }', ': no type has @collection: add it to each type whose items the server keeps'],

    // The key.
    [collection(''), ':1: @collection of A has no key: name a field, as in @collection(key: "id")'],
    [collection('(plural: "x")'), ':1: @collection of A has no key: name a field, as in @collection(key: "id")'],
    [collection('(key: b)'), ':1: key of A must be a string that names a field, not b'],
    [collection('(key: null)'), ':1: key of A must be a string that names a field, not null'],
    [key('d'), ':1: key of A names no field: "d"; its fields are b and c'],
    [key('c'), ':1: the key A.c must not be nullable: write Int! instead of Int'],
    [key('b', 'b: Float!'), ':1: the key A.b must be an ID!, String! or Int!, not Float!'],
    [key('b', 'b: [ID!]!'), ':1: the key A.b must be an ID!, String! or Int!, not [ID!]!'],
    [key('b', 'b: E'), ':1: the key A.b must be an ID!, String! or Int!, not E'],
    [
      key('ifCursor', 'ifCursor: ID!'),
      ':1: the key A.ifCursor clashes with the argument ifCursor of the removal: rename the field',
    ],
    [
      key('idempotencyKey', 'idempotencyKey: ID!'),
      ':1: the key A.idempotencyKey clashes with the argument idempotencyKey of the removal: rename the field',
    ],

    // Its arguments.
    [
      collection('(key: "b", max: 1)'),
      ':1: @collection has no argument "max": remove it; key, plural, ttl, maxItems, maxBytes and window exist',
    ],
    [collection('(key: "b"\n key: "b")'), ':2: @collection has the argument key twice: remove one of them'],
    [collection('(key: "b", ttl: 0)'), ':1: ttl of A must be a whole number from 1 to 2147483647, not 0'],
    [collection('(key: "b",\nttl: -1)'), ':2: ttl of A must be a whole number from 1 to 2147483647, not -1'],
    [
      collection('(key: "b", ttl: 2147483648)'),
      ':1: ttl of A must be a whole number from 1 to 2147483647, not 2147483648',
    ],
    [collection('(key: "b", ttl: "60")'), ':1: ttl of A must be a whole number from 1 to 2147483647, not "60"'],
    [collection('(key: "b", ttl: 1.5)'), ':1: ttl of A must be a whole number from 1 to 2147483647, not 1.5'],
    [collection('(key: "b", ttl: null)'), ':1: ttl of A must be a whole number from 1 to 2147483647, not null'],
    [
      collection('(key: "b", maxItems: 1e3)'),
      ':1: maxItems of A must be a whole number from 1 to 9007199254740991, not 1e3',
    ],
    [
      collection('(key: "b", maxBytes: 9007199254740992)'),
      ':1: maxBytes of A must be a whole number from 1 to 9007199254740991, not 9007199254740992',
    ],
    [
      collection('(key: "b", window: [1,\n2])'),
      ':1: window of A must be a whole number from 1 to 9007199254740991, not [1, 2]',
    ],
    ...['', '1a', 'a-b', 'a b', '__a', '../x', 'ä'].map((plural): [string, string] => [
      collection(`(key: "b", plural: "${plural}")`),
      `:1: plural of A must be a name of letters, digits and _ that starts with no digit and no __, not "${plural}"`,
    ]),
    [
      collection('(key: "b", plural: 1)'),
      ':1: plural of A must be a name of letters, digits and _ that starts with no digit and no __, not 1',
    ],

    // Where it is.
    [
      'type A @collection(key: "b")\n@collection(key: "b") { b: ID! }',
      ':2: A has @collection twice: remove one of them',
    ],
    [
      key('b', 'b: ID!\n c: Int @collection(key: "b")'),
      ':2: @collection is on A.c: remove it; it belongs on object types',
    ],
    ['enum E @collection(key: "b") { F }', ':1: @collection is on E: remove it; it belongs on object types'],
    ['enum E { F\n G @collection }', ':2: @collection is on E.G: remove it; it belongs on object types'],
    ['scalar Date @collection', ':1: @collection is on Date: remove it; it belongs on object types'],
    ['type A @deprecated { b: ID! }', ':1: @deprecated is on A: remove it; it belongs on fields and enum values'],
    ['type A { b: ID! @specifiedBy }', ':1: @specifiedBy is on A.b: remove it; it belongs on scalars'],
    [
      key('b', 'b: ID! @key'),
      ':1: unknown directive @key on A.b: remove it; @collection, @deprecated and @specifiedBy exist',
    ],
    [
      'type A @toString { b: ID! }',
      ':1: unknown directive @toString on A: remove it; @collection, @deprecated and @specifiedBy exist',
    ],

    // The other directives.
    [key('b', 'b: ID! @deprecated(reason: 1)'), ':1: reason of @deprecated on A.b must be a string, not 1'],
    [key('b', 'b: ID! @deprecated(why: "")'), ':1: @deprecated has no argument "why": remove it; reason exists'],
    [key('b', 'b: ID! @deprecated\n@deprecated'), ':2: A.b has @deprecated twice: remove one of them'],
    ['scalar Date @specifiedBy', ':1: @specifiedBy on Date needs its url: @specifiedBy(url: "https://…")'],
    ['scalar Date @specifiedBy(url: null)', ':1: url of @specifiedBy on Date must be a string, not null'],
  ])('the file %j is refused with its line and a remedy', (text, message) => {
    const read = (): unknown => parseSdlFile(text, 'a/b.graphql');
    expect(read).toThrow(SdlFileError);
    expect(read).toThrow(new SdlFileError(`a/b.graphql${message}`));
  });
});
