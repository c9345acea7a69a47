/** What fuzzing starts from: sound documents, and pieces that lexers, parsers and validators stumble over. */
import { readFileSync } from 'node:fs';
import type { Dice } from '../random/dice.ts';

const definitions = readFileSync('schema/operations.graphql', 'utf8')
  .split(/\n\n(?=fragment|query|mutation|subscription)/)
  .filter((text) => !text.startsWith('#'));

const fragmentsOf = (operation: string): string[] =>
  definitions.filter((text) => operation.includes(`...${/^fragment (\w+)/.exec(text)?.[1]}\n`));

/** What stock clients send, each with the fragments that it needs. */
const STOCK = definitions
  .filter((text) => !text.startsWith('fragment'))
  .map((operation) => [...fragmentsOf(operation), operation].join('\n'));

const HANDWRITTEN = [
  '{ stream { size } }',
  '{ a: stream { size checksum } b: item(key: "a") { value } items(first: 2) { cursor edges { node { key value } } } }',
  'query ($key: ID! = "a", $if: Boolean! = true) { item(key: $key) @include(if: $if) { id __typename value } }',
  '{ __type(name: "Item") { kind fields { name type { name ofType { name } } args { name defaultValue } } } }',
  '{ __schema { queryType { name } directives { name locations } } }',
  'mutation { insertItem(input: { key: "a", value: { b: [1, 2.5, -3e5, "x", true, null] }, ttl: 1000 }) { cursor } }',
  'mutation ($v: JSON = { a: [{}, { b: 1e999 }] }) { a: insertItem(input: { key: "v", value: $v }) { id value } }',
  'mutation { insertItems(inputs: [{ key: "b", value: 1 }, { key: "b", value: 2, ifAbsent: false }]) { key cursor } }',
  'mutation { a: removeItem(key: "b") { reason } b: insertItem(input: { key: "b", value: "again" }) { timestamp } }',
  'mutation { insertItem(input: { key: "i", value: 7, idempotencyKey: "once", ifAbsent: true }) { cursor } }',
  '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A stream { size } }',
  'query A { stream { size } } query B { stream { epoch } } fragment Unused on Item { key }',
  '{ items { edges { node { ... on Item { key } ...F @skip(if: false) } } } } fragment F on Item { value }',
  '# comment\n\ufeff{ item(key: """\n  block \\""" string\n  """) { key } }',
  '{ item(key: "\\u{1F600}\\ud83d\\ude00\\n\\"") { key, value } }',
  '{ items(filter: { keys: ["a", "b"], keyPrefix: "a" }, first: 1000) { pageInfo { endCursor } } }',
  'query ($f: [[Int!]!]! = [[1]], $g: ItemFilter = { keys: [] }) { items(filter: $g) { cursor } stream { size } }',
  '{ ... @defer { stream { size } } items { edges @stream(initialCount: 0) { cursor } } }',
  'subscription { items(limit: 3) { key value } }',
  'subscription ($n: Int = 2) { items(limit: $n, onLag: FAIL, filter: { keyPrefix: "k" }) { ...F } } fragment F on Item { key }',
  'subscription { itemChanges { caughtUp size upserted { key cursor } removed { key reason } } }',
  'subscription { a: items { key } b: itemChanges { cursor } }',
  'subscription { items(limit: 1) { key } ... @include(if: false) { itemChanges { cursor } } }',
  'subscription { __typename }',
  'query ($after: String, $first: Int = 7) { items(after: $after, first: $first) { cursor edges { cursor } } }',
  'query ($after: String, $key: ID!) { items(after: $after) { pageInfo { hasNextPage } } item(key: $key) { cursor } }',
  'subscription ($after: String) { items(limit: 2, after: $after) { key cursor } }',
  'subscription ($after: String, $onLag: OnLag!) { items(after: $after, onLag: $onLag) { key cursor } }',
  'subscription ($after: String) { itemChanges(after: $after) { reset caughtUp cursor size upserted { key } } }',
  'mutation ($key: ID!, $ifCursor: String) { removeItem(key: $key, ifCursor: $ifCursor) { cursor } }',
  'type Query { a: Int } extend type Item { b: Int } directive @c on FIELD',
];

export const DOCUMENTS: readonly string[] = [...STOCK, ...HANDWRITTEN];

/** Tokens, and halves of tokens. */
export const TOKENS = [
  ...'{ } [ ] ( ) ! $ : = @ | & . , " # \\ \' ` % ? ; \0 \t \r \n'.split(' '),
  '...',
  '"""',
  '\\u{110000}',
  '"\\ud800"',
  '\ufeff',
  '\u2028',
  '\ud83d',
  '💥',
  '0x1F',
  '00',
  '1e999',
  '-',
  '9'.repeat(400),
  '1.5.5',
  'null',
  'true',
  'NaN',
  'on',
  'fragment',
  'query',
  'mutation',
  'subscription',
  'schema { query: Item }',
  '$__proto__',
  '__proto__: ',
  'constructor',
  '__typename',
  '__schema { types { name } }',
  '@include(if: $nope)',
  '@skip(if: "yes")',
  '@deprecated',
  '@defer(label: 7)',
  '@specifiedBy(url: "")',
  '...ItemFields',
  'after: "',
  'first: -1',
  'limit: 4294967296',
] as const;

export const STRINGS = [
  '',
  ' ',
  'a',
  'b',
  'k1',
  'k17',
  '__proto__',
  'constructor',
  'toString',
  'then',
  'toJSON',
  '\0',
  '\n',
  '\u2028\u2029',
  '\ud800',
  '\udc00x',
  '💥',
  'ä'.repeat(256),
  'ä'.repeat(257),
  'x'.repeat(512),
  'x'.repeat(513),
  '\u202eabc',
  'e\u0301',
  'NaN',
  'null',
  '[object Object]',
  '../../../etc/passwd',
  '%00%0a',
  '{"key":"a"}',
  '2020-01-01T00:00:00.000Z',
  'CONFLATE',
  'FAIL',
] as const;

/** Documents that grow without end, at a size that tells; each with how often it is worth its time. */
export const growing: readonly ((dice: Dice) => string)[] = [
  (dice) => repeat('{ a', dice.below(600)) + repeat('}', dice.below(600)),
  // Deeper than a parser's stack.
  (dice) => repeat('{ a', 3000 + dice.below(20_000)),
  (dice) => `{ item(key: ${repeat('[{ a: ', 2000 + dice.below(5000))}`,
  (dice) => `{ ${repeat('...{ ', dice.below(300))} stream { size } ${repeat('}', dice.below(300))} }`,
  (dice) => `{ item(key: ${repeat('[', dice.below(500))}${repeat(']', dice.below(500))}) { key } }`,
  (dice) => `{ ${numbered(dice.below(120), (n) => `a${n}: stream { size }`)} }`,
  (dice) => `{ ${numbered(dice.below(60), (n) => `a${n}: item(key: "k${n}") { value }`)} }`,
  (dice) => `{ ${repeat('stream { size } ', dice.below(60))} }`,
  (dice) => `{ ${numbered(dice.below(400), (n) => `unknown${n}`)} }`,
  (dice) => `query (${numbered(dice.below(400), (n) => `$v${n}: Int`)}) { stream { size } }`,
  (dice) => `query ($v: ${repeat('[', dice.below(400))}Int${repeat(']', dice.below(400))}) { stream { size } }`,
  (dice) => `{ stream ${repeat('@include(if: true) ', dice.below(200))} { size } }`,
  (dice) => chainOfFragments(1 + dice.below(40), 1),
  (dice) => chainOfFragments(1 + dice.below(20), 3),
  (dice) => numbered(dice.below(200), (n) => `query q${n} { stream { size } }`),
  (dice) => `{ item(key: "${'k'.repeat(dice.below(20_000))}") { key } }`,
  (dice) => `${repeat('# comment\n', dice.below(2000))}{ stream { size } }`,
  (dice) =>
    `mutation { ${numbered(dice.below(30), (n) => `a${n}: insertItem(input: { key: "k${n}", value: ${n} }) { id }`)} }`,
];

const repeat = (text: string, count: number): string => text.repeat(count);

const numbered = (count: number, piece: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => piece(n)).join(' ');

/** Each spreads the next `spreads` times; the last one leads back to some other one. */
function chainOfFragments(length: number, spreads: number): string {
  const fragment = (n: number): string =>
    `fragment f${n} on Query { stream { size } ${repeat(`...f${n + 1} `, spreads)} }`;
  return `{ ...f0 } ${numbered(length, fragment)} fragment f${length} on Query { ...f${length >> 1} }`;
}
