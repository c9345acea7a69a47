/** Which rows the page shows: those under a key prefix whose value matches a filter. The address remembers both. */
import type { MirroredItem } from '../../client/index.ts';
import { valueFilter } from '../../core/input/where/where-filter.ts';
import { BadInputError } from '../../core/model/errors.ts';
import { parseExactly } from './format.ts';

export interface RowFilter {
  readonly prefix: string;
  /** Undefined for every value. */
  readonly where: ((value: unknown) => boolean) | undefined;
}

/** What is in the fields. */
export interface FilterTexts {
  readonly prefix: string;
  /** JSON; empty for every value. */
  readonly where: string;
}

export const isEveryRow = ({ prefix, where }: RowFilter): boolean => prefix === '' && where === undefined;

export const showsRow = ({ prefix, where }: RowFilter, { key, value }: MirroredItem): boolean =>
  key.startsWith(prefix) && (where === undefined || where(value));

type Read = { readonly where: RowFilter['where'] } | { readonly problem: string };

/** Reads a filter on values with the checks of the server, so that it also holds in a request. */
export function readWhere(text: string): Read {
  if (text.trim() === '') return { where: undefined };
  try {
    return { where: valueFilter(parseExactly(text) as object).matches };
  } catch (error) {
    if (error instanceof BadInputError || error instanceof RangeError) return { problem: error.message };
    return { problem: `This is not valid JSON: ${(error as Error).message}` };
  }
}

/** From the fragment, which the browser doesn't send to a server. */
export function textsInAddress(): FilterTexts {
  const fragment = new URLSearchParams(location.hash.slice(1));
  return { prefix: fragment.get('prefix') ?? '', where: fragment.get('where') ?? '' };
}

export function filterInAddress(): RowFilter {
  const { prefix, where } = textsInAddress();
  const read = readWhere(where);
  return { prefix, where: 'problem' in read ? undefined : read.where };
}

export function rememberInAddress(texts: FilterTexts): void {
  const fragment = new URLSearchParams(Object.entries(texts).filter(([, text]) => text !== '')).toString();
  history.replaceState(null, '', fragment === '' ? location.pathname + location.search : `#${fragment}`);
}
