import { describe, expect, it } from 'vitest';
import { parseSdlFile, SdlFileError } from '../../../schema/sdl/parse-sdl-file.ts';

const quote = (fields = ''): string => `type Quote @collection(key: "symbol") { symbol: ID! ${fields} }`;

const collection = (name: string, plural?: string): string =>
  `type ${name} @collection(key: "a"${plural === undefined ? '' : `, plural: "${plural}"`}) { a: ID! }`;

const refused = (text: string, message: string): void => {
  const read = (): unknown => parseSdlFile(text, 'schema.graphql');
  expect(read).toThrow(SdlFileError);
  expect(read).toThrow(new SdlFileError(`schema.graphql:${message}`));
};

describe('a type of an SDL file with the name of a generated one', () => {
  it.each(['Changes', 'Connection', 'Edge', 'Filter', 'Where', 'Input'])(
    'a type Quote%s beside the collection Quote is refused',
    (suffix) => {
      const name = `Quote${suffix}`;
      const message = `${name} is the name of a type that the server makes from Quote: rename it`;
      refused(`${quote()}\ntype ${name} { a: Int }`, `2: ${message}`);
      refused(`enum ${name} { A }\n\n${quote()}`, `1: ${message}`);
    },
  );

  it.each<[fields: string, name: string, from: string]>([
    ['', 'IDCondition', 'ID'],
    ['price: Float', 'FloatCondition', 'Float'],
    ['venue: Venue', 'VenueCondition', 'Venue'],
    ['tags: [String!]', 'StringListCondition', 'lists of String'],
    ['grid: [[Int]]', 'IntListListCondition', 'lists of lists of Int'],
    ['line: Line', 'LineInput', 'Line'],
    ['line: Line', 'LineWhere', 'Line'],
    ['lines: [Line]', 'LineListCondition', 'lists of Line'],
  ])('a collection with the fields %j beside a type %s is refused', (fields, name, from) => {
    const text = `${quote(fields)} enum Venue { A } type Line { a: Int }\n\nenum ${name} { B }`;
    refused(text, `3: ${name} is the name of a type that the server makes from ${from}: rename it`);
  });
});

describe('two types of an SDL file that would make the same name', () => {
  it.each<[text: string, message: string]>([
    [
      `${quote('a: [Venue] b: VenueList')}\nenum Venue { A }\nenum VenueList { B }`,
      '3: the server would make the type VenueListCondition twice, from lists of Venue and from VenueList: rename one of them',
    ],
    [
      `${quote('a: [StringList] b: [[String]]')}\nenum StringList { B }`,
      '2: the server would make the type StringListListCondition twice, from lists of StringList and from lists of lists of String: rename one of them',
    ],
  ])('the file %j is refused with its line and a remedy', refused);
});

describe('two collections that would have the same root field', () => {
  const twice = (line: number, field: string, other: string, name: string): string =>
    `${line}: the server would make ${field} twice, for ${other} and for ${name}: rename the type or set another plural`;

  it.each<[text: string, message: string]>([
    [`${collection('Quote')}\n${collection('quote', 'all')}`, twice(2, 'Query.quote', 'Quote', 'quote')],
    [`${collection('Quote')}\n${collection('Quotes')}`, twice(2, 'Query.quotes', 'Quote', 'Quotes')],
    [`${collection('Quotes')}\n${collection('Quote')}`, twice(2, 'Query.quotes', 'Quotes', 'Quote')],
    [`${collection('Quote')}\n${collection('QuoteStream')}`, twice(2, 'Query.quoteStream', 'Quote', 'QuoteStream')],
    [`${collection('Quote')}\n${collection('B', 'quotes')}`, twice(2, 'Query.quotes', 'Quote', 'B')],
    [`${collection('Quote')}\n${collection('B', 'quoteChanges')}`, twice(2, 'Subscription.quoteChanges', 'Quote', 'B')],
    [`${collection('Quote')}\n${collection('B', 'Quote')}`, twice(2, 'Mutation.insertQuote', 'Quote', 'B')],
    [collection('A', 'aStream'), '1: the server would make Query.aStream twice for A: set another plural'],
    [collection('A', 'aChanges'), '1: the server would make Subscription.aChanges twice for A: set another plural'],
    [collection('_service', 'x'), twice(1, 'Query._service', 'Apollo Federation', '_service')],
    [collection('A', '_entities'), twice(1, 'Query._entities', 'Apollo Federation', 'A')],
  ])('the file %j is refused with its line and a remedy', refused);

  it.each<[text: string, message: string]>([
    [collection('Sheep', 'sheep'), '1: plural of Sheep must differ from sheep in more than case, not "sheep"'],
    [`\n${collection('Sheep', 'SHEEP')}`, '2: plural of Sheep must differ from sheep in more than case, not "SHEEP"'],
    [
      `${collection('A', 'quotes')}\n${collection('B', 'quoTes')}`,
      '2: plural of B must differ from "quotes" of A in more than case, not "quoTes"',
    ],
  ])('the file %j, of which plurals differ in case only, is refused', refused);

  const reserved = (line: number, plural: string): string =>
    `${line}: plural of A must not be "${plural}", the name of a file in the directory of a log: set another plural`;

  it.each<[text: string, message: string]>([
    [collection('A', 'lock'), reserved(1, 'lock')],
    [`\n${collection('A', 'Mark')}`, reserved(2, 'Mark')],
  ])('the file %j, of which a plural names a file of a log, is refused', refused);

  it('a plural may have 64 characters and no more, whether it is set or made of the name of the type', () => {
    const tooLong = (line: number, name: string): string =>
      `${line}: plural of ${name} must have at most 64 characters, because it names a directory, not 65: set a shorter one`;
    expect(parseSdlFile(collection('A', 'p'.repeat(64)), 'schema.graphql').collections).toHaveLength(1);
    refused(`\n${collection('A', 'p'.repeat(65))}`, tooLong(2, 'A'));
    const long = `L${'o'.repeat(63)}`;
    refused(collection(long), tooLong(1, long));
  });
});
