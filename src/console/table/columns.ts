/** The columns of the table. */
import type { CSSProperties } from 'react';
import type { Collection, DescribedField, DescribedType } from '../server/collections.ts';

interface Columns {
  readonly names: readonly string[];
  /** The fields of a typed value without the key, each a column; undefined: the value is one column. */
  readonly fields: readonly DescribedField[] | undefined;
  /** A variable of table.css. */
  readonly style: CSSProperties | undefined;
}

const TIMES = ['Inserted', 'Expires'];

export function columnsOf({ isTyped, key, fields: [, ...fields] }: Collection): Columns {
  if (!isTyped) return { names: ['Key', 'Value', ...TIMES], fields: undefined, style: undefined };
  const columns = ['minmax(110px, 1fr)', ...fields.map(trackOf)].join(' ');
  return {
    names: [key, ...fields.map(({ name }) => name), ...TIMES],
    fields,
    style: { '--columns': columns } as CSSProperties,
  };
}

/** Room for usual values; a name that is longer than its values widens the column. */
function trackOf({ name, type }: DescribedField): string {
  const [least, share] = widthOf(type);
  return `minmax(${Math.max(least, Math.min(180, 7 * name.length + 8))}px, ${share}fr)`;
}

/** In pixels, and as a share of the room that is left. */
function widthOf(type: DescribedType): readonly [least: number, share: number] {
  if (type.kind === 'object' || type.kind === 'list') return [150, 1.6];
  if (type.kind === 'enum') return [80, 0.6];
  return /^(Int|Float|Boolean)$/.test(type.name) ? [70, 0.5] : [120, 1.2];
}
