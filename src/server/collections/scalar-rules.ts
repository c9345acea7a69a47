/**
 * Which values of the scalars of graphql-scalars are stored, as rules that PostgreSQL can check: with its regular expressions, and without
 * code. A rule never lets a value pass that a node would refuse. Of a few scalars it refuses some that a node accepts; they are listed in
 * docs/collections.md.
 */
import { GraphQLScalarType } from 'graphql';
import { resolvers } from 'graphql-scalars';

export type LeafRule =
  | { readonly kind: 'text'; readonly pattern?: string }
  | {
      readonly kind: 'number';
      readonly whole?: true;
      readonly least?: number;
      readonly most?: number;
      readonly decimals?: number;
    }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'boolean' | 'any' | 'map' | 'integer' | 'unchecked' };

const { MAX_SAFE_INTEGER: MAX_SAFE, MAX_VALUE, MIN_VALUE } = Number;
const MAX_TIME = 8.64e15;

const whole = (least: number, most: number): LeafRule => ({ kind: 'number', whole: true, least, most });
const from = (least: number, most: number, decimals?: number): LeafRule => ({
  kind: 'number',
  least,
  most,
  ...(decimals !== undefined && { decimals }),
});
const text = (...alternatives: readonly string[]): LeafRule => ({
  kind: 'text',
  pattern: `^(?:${alternatives.join('|')})$`,
});

/** Of the Gregorian calendar, as JavaScript has it: the year 0 is a leap year. */
const DAY = [
  '[0-9]{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])',
  '[0-9]{4}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)',
  '[0-9]{4}-02-(?:0[1-9]|1[0-9]|2[0-8])',
  '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29',
].join('|');
const TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]';
const STORED_TIME = `${TIME}[.][0-9]{3}Z`;

const OCTET = '(?:0?0?[0-9]|0?[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])';
const IP_V4 = `(?:${OCTET}[.]){3}${OCTET}(?:/(?:[0-9]|[12][0-9]|3[0-2]))?`;
const GROUP = '[0-9A-Fa-f]{1,4}';
const IP_V6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  `(?:${GROUP}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((after) => `(?:${GROUP}:){1,${7 - after}}(?::${GROUP}){1,${after}}`),
  `:(?::${GROUP}){1,7}`,
  '::',
].join('|');

const LABEL = '(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const PLAIN_OCTET = '(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])';
/** A name whose last label is no number, or four numbers. */
const HOST = `(?:(?:${LABEL}[.])*(?!xn--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|(?:${PLAIN_OCTET}[.]){3}${PLAIN_OCTET})`;
const PORT = '(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?';
/** In the notation that `URL` gives them: without default ports, segments of dots, and characters that it would escape. */
const WEB_URL =
  `(?!(?:http|ws)://[^/]*:80/|(?:https|wss)://[^/]*:443/)(?:https?|wss?)://${HOST}${PORT}` +
  "(?:/(?!(?:[.]|%2[eE]){1,2}(?:[/?#]|$))[A-Za-z0-9!$%&'()*+,.:;=@_~-]*)+" +
  '(?:[?][A-Za-z0-9!$%&()*+,./:;=?@_~[\\]-]*)?' +
  '(?:#[A-Za-z0-9!$%&()*+,./:;=?@_~-]*)?';

const HEX_BYTES = ['[1-9a-f][0-9a-f]{0,7}', '0[1-9a-f][0-9a-f]{0,6}', '00'];
const LONG_HEX_BYTES =
  '(?:[1-9a-f][0-9a-f]{7}|0[1-9a-f][0-9a-f]{6})(?:[1-9a-f][0-9a-f]{7})*(?:[1-9a-f][0-9a-f]{0,6}|0)?';

/** What JavaScript trims. */
const SPACE = '\\u0009-\\u000d\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';

const EMAIL_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';

const RULES: Readonly<Record<string, LeafRule>> = {
  JSON: { kind: 'any' },
  JSONObject: { kind: 'map' },
  BigInt: { kind: 'integer' },
  Long: { kind: 'integer' },
  SafeInt: whole(-MAX_SAFE, MAX_SAFE),
  PositiveInt: whole(1, MAX_SAFE),
  NonNegativeInt: whole(0, MAX_SAFE),
  UnsignedInt: whole(0, MAX_SAFE),
  NegativeInt: whole(-MAX_SAFE, -1),
  NonPositiveInt: whole(-MAX_SAFE, 0),
  PositiveFloat: from(MIN_VALUE, MAX_VALUE),
  NonNegativeFloat: from(0, MAX_VALUE),
  UnsignedFloat: from(0, MAX_VALUE),
  NegativeFloat: from(-MAX_VALUE, -MIN_VALUE),
  NonPositiveFloat: from(-MAX_VALUE, 0),
  Port: from(MIN_VALUE, 65_535),
  Latitude: from(-90, 90, 8),
  Longitude: from(-180, 180, 8),
  Timestamp: whole(-MAX_TIME, MAX_TIME),
  Date: text(DAY),
  LocalDate: text(DAY),
  DateTime: text(`(?:${DAY})T${STORED_TIME}`),
  DateTimeISO: text(`(?:${DAY})T${STORED_TIME}`),
  LocalDateTime: text(`(?:${DAY})T${TIME}(?:[.][0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?`),
  Time: text(STORED_TIME),
  LocalEndTime: text('(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{3})?)?', '24:00(?::00(?:[.]000)?)?'),
  UUID: text('[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}[}]?'),
  GUID: text('[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}[}]?'),
  ULID: text('[0-7][0-9A-HJKMNP-TV-Z]{25}'),
  Cuid: text('[cC][!-,.-~]{8,}'),
  Hexadecimal: text('[a-fA-F0-9]+'),
  Byte: text('(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?', ...HEX_BYTES, LONG_HEX_BYTES),
  EmailAddress: text(`[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]+@${EMAIL_LABEL}(?:[.]${EMAIL_LABEL})*`),
  URL: text(WEB_URL),
  IPv4: text(IP_V4),
  IPv6: text(IP_V6),
  IP: text(IP_V4, IP_V6),
  ISBN: text('(?:97[89])?[0-9]{10}', '[0-9]{9}[Xx]', '(?=.{17}$)97[89]-[0-9]{1,5}-[0-9]{1,7}-[0-9]{1,6}-[0-9]'),
  // Of the United States, Great Britain, Canada, the Netherlands, Sweden, Japan, Portugal, and all that are 4 to 6 digits.
  PostalCode: text(
    '[0-9]{4,6}',
    '[0-9]{5}-?[0-9]{4}',
    '[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}',
    '[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTVWXYZ] ?[0-9][ABCEGHJ-NPRSTVWXYZ][0-9]',
    '[1-9][0-9]{3} ?[a-zA-Z]{2}',
    '[0-9]{3} [0-9]{2}',
    '[0-9]{3}-[0-9]{4}',
    '[0-9]{4}-[0-9]{3}',
  ),
  NonEmptyString: { kind: 'text', pattern: `[^${SPACE}]` },
};

/** The `pattern` that graphql-scalars tells of these is the one that it checks. */
const PATTERNED = new Set(
  [
    'AccountNumber CountryCode Cuid2 Currency DeweyDecimal DID Duration HexColorCode HSL HSLA IPCPatent',
    'ISO8601Duration JWT LCCSubclass Locale LocalTime MAC ObjectID PhoneNumber RGB RGBA SemVer UtcOffset',
  ].flatMap((line) => line.split(' ')),
);

/** Their pattern has capital letters only, and is checked without regard to case. */
const ANY_CASE = new Set(['CountryCode', 'Currency']);

interface JsonSchema {
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

/** The rule of a scalar of graphql-scalars, by its name. */
export function scalarRule(name: string): LeafRule {
  const rule = RULES[name];
  if (rule) return rule;
  if (name === 'TimeZone') return { kind: 'names', names: ['UTC', ...Intl.supportedValuesOf('timeZone')] };
  const resolver = (resolvers as Readonly<Record<string, unknown>>)[name];
  if (!(resolver instanceof GraphQLScalarType)) return { kind: 'unchecked' };
  const { pattern, enum: names } = (resolver.extensions['jsonSchema'] ?? {}) as JsonSchema;
  if (name === 'CountryName' && names) return { kind: 'names', names };
  if (pattern === undefined || !PATTERNED.has(name)) return { kind: 'unchecked' };
  return { kind: 'text', pattern: ANY_CASE.has(name) ? inAnyCase(pattern) : inPostgres(pattern) };
}

/** In PostgreSQL some classes depend on the locale. A dot that is not escaped is meant to be one. */
const inPostgres = (pattern: string): string =>
  pattern
    .replaceAll(String.raw`\d*.\d`, String.raw`\d*\.\d`)
    .replaceAll(String.raw`\d`, '[0-9]')
    .replaceAll(String.raw`\s`, '[ \\t\\n\\r\\f\\v]');

/** PostgreSQL's own way depends on the locale. */
const inAnyCase = (pattern: string): string =>
  pattern.replaceAll(/[A-Z]/g, (letter) => `[${letter}${letter.toLowerCase()}]`);
