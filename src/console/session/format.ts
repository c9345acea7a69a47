/** Formats numbers, times and values for the page. */
const NUMBER = new Intl.NumberFormat('en');
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** Characters of a value in its row. */
const SHORT = 200;

export const number = (value: number): string => NUMBER.format(value);

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** The time of day, with the date unless it is today. */
export function clock(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? CLOCK.format(date) : `${DAY.format(date)}, ${CLOCK.format(date)}`;
}

export const fullTime = (time: string): string => FULL.format(new Date(time));

export const short = (value: unknown): string => (JSON.stringify(value) ?? '').slice(0, SHORT);

export const pretty = (value: unknown): string => JSON.stringify(value, undefined, 2);
