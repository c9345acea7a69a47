/** Which rows the page shows: those under a key prefix whose value matches a filter. */
import type { MirroredItem } from '../../client/index.ts';
import { valueFilter } from '../../core/input/where/where-filter.ts';
import { BadInputError } from '../../core/model/errors.ts';
import { inAddress } from './address.ts';
import type { Collection } from '../server/collections.ts';
import { parseExactly } from '../server/format.ts';
import type { TypedWhere } from './matching.ts';

export interface RowFilter {
  readonly prefix: string;
  /** Undefined for every value. */
  readonly where: ((value: unknown) => boolean) | undefined;
  /** Of a typed collection, in the place of `where`. Undefined for every value. */
  readonly typedWhere: TypedWhere | undefined;
}

export const EVERY_ROW: RowFilter = { prefix: '', where: undefined, typedWhere: undefined };

/** Whether the filter is for certain values. */
export const selectsValues = ({ where, typedWhere }: RowFilter): boolean => (where ?? typedWhere) !== undefined;

export const isEveryRow = (filter: RowFilter): boolean => filter.prefix === '' && !selectsValues(filter);

/** Without `typedWhere`, which only the server evaluates. */
export const showsRow = ({ prefix, where }: RowFilter, { key, value }: MirroredItem): boolean =>
  key.startsWith(prefix) && (where === undefined || where(value));

type Where = Pick<RowFilter, 'where' | 'typedWhere'>;

/**
 * Reads a filter on values. That of `Item` has the checks of the server, so that it also holds in a request. The server checks a typed one
 * when the feed sends it.
 */
export function readWhere(text: string, { isTyped }: Collection): Where | { readonly problem: string } {
  if (text.trim() === '') return { where: undefined, typedWhere: undefined };
  try {
    const given = parseExactly(text);
    if (isTyped) return { where: undefined, typedWhere: given as TypedWhere };
    return { where: valueFilter(given as object).matches, typedWhere: undefined };
  } catch (error) {
    if (error instanceof BadInputError || error instanceof RangeError) return { problem: error.message };
    return { problem: `This is not valid JSON: ${(error as Error).message}` };
  }
}

/** The filter in the address; every value if its `where` is wrong. */
export function filterInAddress(collection: Collection): RowFilter {
  const { prefix, where } = inAddress();
  const read = readWhere(where, collection);
  return { ...EVERY_ROW, ...('problem' in read ? {} : read), prefix };
}
