/** The columns of the table. */
import type { CSSProperties } from 'react';
import type { Collection, DescribedField, DescribedType } from '../server/collections.ts';

interface Columns {
  readonly names: readonly string[];
  /** The fields of a typed value without the key, each a column. */
  readonly fields: readonly DescribedField[] | undefined;
  /** Variables of table.css. */
  readonly style: CSSProperties | undefined;
}

const TIMES = ['Inserted', 'Expires'];

/** In pixels, equal to those in table.css. */
const [TIME, GAP, PADDING] = [96, 16, 16];
const KEY: Width = { least: 110, share: 1 };

/** In pixels, and as a share of the room that is left. */
interface Width {
  readonly least: number;
  readonly share: number;
}

export function columnsOf({ isTyped, key, fields: all }: Collection): Columns {
  if (!isTyped) return { names: ['Key', 'Value', ...TIMES], fields: undefined, style: undefined };
  const fields = all.filter(({ name }) => name !== key);
  const widths = [KEY, ...fields.map(widthOf)];
  const least = widths.reduce((sum, width) => sum + width.least + GAP, 2 * TIME + GAP + 2 * PADDING);
  const tracks = widths.map((width) => `minmax(${width.least}px, ${width.share}fr)`);
  const style = { '--columns': [...tracks, `${TIME}px`, `${TIME}px`].join(' '), '--least': `${least}px` };
  return { names: [key, ...fields.map(({ name }) => name), ...TIMES], fields, style: style as CSSProperties };
}

/** Room for usual values; a name that is longer than its values widens the column. */
function widthOf({ name, type }: DescribedField): Width {
  const { least, share } = ofType(type);
  return { least: Math.max(least, Math.min(180, 7 * name.length + 8)), share };
}

const NARROW: ReadonlySet<string> = new Set(['Int', 'Float', 'Boolean']);

function ofType(type: DescribedType): Width {
  if (type.kind === 'object' || type.kind === 'list') return { least: 150, share: 1.6 };
  if (type.kind === 'enum') return { least: 80, share: 0.6 };
  return NARROW.has(type.name) ? { least: 70, share: 0.5 } : { least: 120, share: 1.2 };
}
