/** Awkward values as texts, because parsing in JavaScript is under test. */
import fc from 'fast-check';

export interface AwkwardValue {
  readonly json: string;
  /** The same value as a GraphQL literal; undefined when GraphQL can't write one of its names. */
  readonly literal: string | undefined;
  /** The path of each part that can't be kept. A segment may be empty. */
  readonly problems: readonly (readonly string[])[];
}

const UNKEPT = [
  '1e400',
  '-1e400',
  '1e-400',
  '750727362669608961',
  '9007199254740993',
  '-9007199254740993.0',
  '1e99999',
];
const KEPT = ['-0', '0e-400', '1E+2', '9007199254740992', '1152921504606846976', '6.02214076e23', '5e-324', '0.1'];
const NAMES = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '0',
  '10',
  '9',
  'toJSON',
  'rawJSON',
  '\uFEFF',
  'é',
  '😀',
];
const TEXTS = [
  '\u2028\u2029',
  '\uFEFF',
  '\0\u001f\u007f',
  'é'.repeat(300),
  `${'x'.repeat(300)}€`,
  'a\r\nb\n\ndata: x',
  '750727362669608961',
  '\\ud800',
  '1e400,',
  '"',
  '</script>',
];
const LONE = ['\ud800', 'a\udc00', '\udc00\ud800', 'x\ud83dy'];

const number = fc.oneof(
  fc.constantFrom(...UNKEPT, ...KEPT),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
  fc.bigInt({ min: 2n ** 53n - 9n, max: 2n ** 54n }).map(String),
);
const string = fc.oneof(
  { arbitrary: fc.constantFrom(...TEXTS), weight: 3 },
  { arbitrary: fc.string({ unit: 'binary' }), weight: 3 },
  { arbitrary: fc.constantFrom(...LONE), weight: 1 },
);
const name = fc.oneof(
  { arbitrary: fc.constantFrom(...NAMES), weight: 4 },
  { arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', 'X', '_'), minLength: 1 }), weight: 6 },
  { arbitrary: fc.constantFrom(...LONE), weight: 1 },
);

const isUnkept = (source: string): boolean =>
  UNKEPT.includes(source) || (/^-?\d+$/.test(source) && BigInt(source) !== BigInt(Number(source)));

const leaf = (json: string, isProblem: boolean): AwkwardValue => ({
  json,
  literal: json,
  problems: isProblem ? [[]] : [],
});

function listOf(members: readonly AwkwardValue[]): AwkwardValue {
  const literals = members.map(({ literal }) => literal);
  return {
    json: `[${members.map(({ json }) => json).join(' ,')}]`,
    literal: literals.includes(undefined) ? undefined : `[${literals.join(' ')}]`,
    problems: members.flatMap(({ problems }, index) => problems.map((path) => [String(index), ...path])),
  };
}

function objectOf(members: readonly (readonly [string, AwkwardValue])[]): AwkwardValue {
  const isLiteral = members.every(([key, { literal }]) => /^[_a-z]\w*$/i.test(key) && literal !== undefined);
  return {
    json: `{${members.map(([key, { json }]) => `${JSON.stringify(key)}: ${json}`).join(',')}}`,
    literal: isLiteral ? `{${members.map(([key, { literal }]) => `${key}:${literal}`).join(',')}}` : undefined,
    problems: members.flatMap(([key, { problems }]) =>
      key.isWellFormed() ? problems.map((path) => [key, ...path]) : [[]],
    ),
  };
}

/** Not null. */
export const awkwardValue: fc.Arbitrary<AwkwardValue> = fc.letrec<{ value: AwkwardValue; some: AwkwardValue }>(
  (tie) => ({
    some: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('null', 'true', 'false').map((json) => leaf(json, false)),
      tie('value'),
    ),
    value: fc.oneof(
      { maxDepth: 3 },
      number.map((source) => leaf(source, isUnkept(source))),
      string.map((text) => leaf(JSON.stringify(text), !text.isWellFormed())),
      fc.array(tie('some'), { maxLength: 4 }).map(listOf),
      fc.uniqueArray(fc.tuple(name, tie('some')), { maxLength: 4, selector: ([key]) => key }).map(objectOf),
    ),
  }),
).value;

/** The values that every run includes. */
export const FIXED: readonly AwkwardValue[] = [
  objectOf([
    ...KEPT.map((source, at) => [`n${at}`, leaf(source, false)] as const),
    ['text', listOf(TEXTS.map((text) => leaf(JSON.stringify(text), false)))],
  ]),
  listOf([leaf('1', false), leaf('750727362669608961', true)]),
  leaf('1e400', true),
  objectOf([['a', listOf([leaf('1e-400', true)])]]),
  objectOf([
    ['__proto__', leaf('-0', false)],
    ['a', leaf('"\\ud800"', true)],
  ]),
];

/** The content of a text with numbers as decimals: equal for equal JSON, without rounding. */
export function exactOf(json: string): unknown {
  const exact = (_name: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' ? { number: decimalOf(context?.source ?? '') } : value;
  return JSON.parse(json, exact);
}

/** The content as a text. */
export const meaningOf = (json: string): string => JSON.stringify(exactOf(json));

function decimalOf(source: string): string {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '0' : `${sign}${kept}e${Number(power) - fraction.length + digits.length - kept.length}`;
}
