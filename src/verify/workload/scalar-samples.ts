/** Values of the scalars that verify can insert, in the form in which a server gives them out. */
import type { Dice } from './dice.ts';

type Sample = (dice: Dice) => unknown;

const oneOf =
  (...samples: readonly unknown[]): Sample =>
  (dice) =>
    dice.pick(samples);

const TWO_DIGITS = (n: number): string => String(n).padStart(2, '0');
const day = (dice: Dice): string => `2026-${TWO_DIGITS(dice.between(1, 12))}-${TWO_DIGITS(dice.between(1, 28))}`;
const time = (dice: Dice): string => `${TWO_DIGITS(dice.between(0, 23))}:${TWO_DIGITS(dice.between(0, 59))}:07`;
const moment = (dice: Dice): string => `${day(dice)}T${time(dice)}.250Z`;
const hexadecimal = (dice: Dice, length: number): string =>
  Array.from({ length }, () => dice.between(0, 15).toString(16)).join('');
const uuid = (dice: Dice): string =>
  `${hexadecimal(dice, 8)}-${hexadecimal(dice, 4)}-4${hexadecimal(dice, 3)}-8${hexadecimal(dice, 3)}-${hexadecimal(dice, 12)}`;
const text: Sample = (dice) => `text ${dice.between(0, 99)} ${'\u00e9\ud83d\ude00'.repeat(dice.between(0, 3))}`;
const natural: Sample = (dice) => dice.between(1, 1000);

/** By the name of the scalar. Those other than GraphQL's own are of graphql-scalars. */
export const SCALAR_SAMPLES: ReadonlyMap<string, Sample> = new Map<string, Sample>([
  ['String', text],
  ['ID', (dice) => `id-${dice.between(0, 99)}`],
  ['Int', (dice) => dice.between(-1000, 1000)],
  ['Float', (dice) => dice.between(-1000, 1000) / 8],
  ['Boolean', (dice) => dice.chance(0.5)],

  ['DateTime', moment],
  ['DateTimeISO', moment],
  ['Date', day],
  ['LocalDate', day],
  ['LocalTime', time],
  ['Duration', oneOf('P1D', 'PT1H30M')],
  ['ISO8601Duration', oneOf('P1D', 'PT1H30M')],
  ['TimeZone', oneOf('Europe/Paris', 'Asia/Tokyo')],

  ['UUID', uuid],
  ['GUID', uuid],
  ['URL', (dice) => `https://example.org/${dice.between(0, 99)}`],
  ['EmailAddress', (dice) => `user${dice.between(0, 99)}@example.org`],
  ['PhoneNumber', oneOf('+17895551234', '+4930123456')],
  ['PostalCode', oneOf('60031', '10115')],
  ['IPv4', (dice) => `192.0.2.${dice.between(1, 254)}`],
  ['IPv6', oneOf('2001:db8::1', '2001:db8::2')],
  ['IP', oneOf('192.0.2.1', '2001:db8::1')],
  ['MAC', oneOf('01:23:45:67:89:ab', '01:23:45:67:89:cd')],
  ['Port', natural],
  ['Hexadecimal', (dice) => hexadecimal(dice, 8)],
  ['HexColorCode', oneOf('#ff8800', '#112233')],
  ['CountryCode', oneOf('FR', 'JP')],
  ['CountryName', oneOf('France', 'Japan')],
  ['Currency', oneOf('EUR', 'JPY')],
  ['Locale', oneOf('en-US', 'fr')],
  ['IBAN', oneOf('GE29NB0000000101904917')],
  ['ISBN', oneOf('978-3-16-148410-0')],
  ['SemVer', oneOf('1.2.3', '2.0.0-rc.1')],
  ['ObjectID', (dice) => hexadecimal(dice, 24)],

  ['NonEmptyString', (dice) => `text ${dice.between(0, 99)}`],
  ['PositiveInt', natural],
  ['NonNegativeInt', natural],
  ['UnsignedInt', natural],
  ['NegativeInt', (dice) => -dice.between(1, 1000)],
  ['NonPositiveInt', (dice) => -dice.between(1, 1000)],
  ['SafeInt', natural],
  ['PositiveFloat', (dice) => dice.between(1, 1000) / 8],
  ['NonNegativeFloat', (dice) => dice.between(1, 1000) / 8],
  ['UnsignedFloat', (dice) => dice.between(1, 1000) / 8],
  ['NegativeFloat', (dice) => -dice.between(1, 1000) / 8],
  ['NonPositiveFloat', (dice) => -dice.between(1, 1000) / 8],
  ['Latitude', (dice) => dice.between(-80, 80)],
  ['Longitude', (dice) => dice.between(-170, 170)],

  ['JSON', (dice) => ({ n: dice.between(0, 99), list: [1, null, 'é'] })],
  ['JSONObject', (dice) => ({ n: dice.between(0, 99), none: null })],
]);
