/** Formats numbers, times and values for the page, and reads values. */
const NUMBER = new Intl.NumberFormat('en');
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const OTHER_DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** Characters of a value in its row. */
const SHORT = 200;

export const number = (value: number): string => NUMBER.format(value);

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** The time of day; for another day than today the date and the minute. */
export function clock(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? CLOCK : OTHER_DAY).format(date);
}

export const fullTime = (time: string): string => FULL.format(new Date(time));

/**
 * Characters that are invisible, or that change the direction of the text around them. The joiners U+200C and U+200D are not among them,
 * because words and emoji contain them. The group makes `split` return the matches, too.
 */
export const ESCAPABLE =
  // oxlint-disable-next-line no-control-regex
  /([\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb])/;

const EVERY_ESCAPABLE = new RegExp(ESCAPABLE.source, 'g');

/** The character in the form that JSON takes in a string. */
export const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

export const escapeAll = (text: string): string => text.replace(EVERY_ESCAPABLE, escaped);

/** The start of the value of a field in one line: text as it is, a list of scalars with commas, anything else as JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return escapeAll(value.slice(0, SHORT));
  if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each !== 'object'))
    return escapeAll(value.slice(0, SHORT).join(', ').slice(0, SHORT));
  return short(value);
}

/** The start of a value as JSON in one line. */
export const short = (value: unknown): string => escapeAll((JSON.stringify(value) ?? '').slice(0, SHORT));

/** A value as JSON: in one line if that is a short one. */
export function compact(value: unknown): string {
  const line = JSON.stringify(value);
  return line.length <= 60 ? escapeAll(line) : pretty(value);
}

/** A value as JSON in several lines. It is still JSON of the same value, because only strings contain characters that are escaped. */
export const pretty = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).split('\n').map(escapeAll).join('\n');

/**
 * Parses JSON that a user has typed.
 * @throws {SyntaxError}
 * @throws {RangeError} for a number that JavaScript rounds, because the server would get the rounded number
 */
export const parseExactly = (text: string): unknown => JSON.parse(text, refuseRounded);

function refuseRounded(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  const isRounded =
    Number.isInteger(value) && !Number.isSafeInteger(value) && !/e/i.test(source) && source !== String(value);
  const isLost = !Number.isFinite(value) || (value === 0 && /[1-9]/.test(source.split(/e/i)[0] ?? ''));
  if (isRounded || isLost) throw new RangeError(`${source} can’t be kept exactly as a number: send it as a string.`);
  return value;
}
