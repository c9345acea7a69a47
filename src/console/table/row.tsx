import { memo, useMemo } from 'react';
import type { MirroredItem } from '../../client/index.ts';
import { VisibleText } from '../controls/visible-text.tsx';
import type { DescribedField } from '../server/collections.ts';
import { cellText, clock, counted, escapeAll, short } from '../server/format.ts';

/** In ms: how long a change counts as new; equal to the duration of the flash in table.css. */
const FLASH_MS = 1500;

export const idOfRow = (table: string, key: string): string => `${table}${encodeURIComponent(key)}`;

interface LinePosition {
  readonly line: number;
  readonly top: number;
}

interface RowProps extends LinePosition {
  readonly id: string;
  readonly item: MirroredItem;
  /** The fields that are columns, after the key; undefined: the value is one column. */
  readonly fields: readonly DescribedField[] | undefined;
  readonly isSelected: boolean;
  readonly isLive: boolean;
  readonly arrival: number | undefined;
  readonly onOpen: (key: string) => void;
}

export const Row = memo(function Row(props: RowProps) {
  const { line, top, id, item, fields, isSelected, isLive, arrival, onOpen } = props;
  // Memoised, because each change moves the rows below it, and a value may be long.
  const texts = useMemo(() => textsOf(item, fields), [item, fields]);
  const isNew = arrival !== undefined && performance.now() - arrival < FLASH_MS;
  const className = `row${isLive ? ' live' : ''}${isNew ? ' new' : ''}`;
  return (
    <div
      role="row"
      id={id}
      className={className}
      style={{ transform: `translateY(${top}px)` }}
      // Line 1 is the table head.
      aria-rowindex={line + 2}
      aria-selected={isSelected}
      onClick={() => onOpen(item.key)}
    >
      <span role="gridcell" className="key" title={escapeAll(item.key)}>
        <VisibleText>{item.key}</VisibleText>
      </span>
      {texts.map((text, index) => (
        <span key={index} role="gridcell" className="json">
          {text}
        </span>
      ))}
      <span role="gridcell" className="time">
        {clock(item.timestamp)}
      </span>
      <span role="gridcell" className="time">
        {item.expiresAt ? clock(item.expiresAt) : '–'}
      </span>
    </div>
  );
});

function textsOf({ value }: MirroredItem, fields: RowProps['fields']): string[] {
  // The value of a typed collection is an object.
  return fields?.map(({ name }) => cellText((value as Readonly<Record<string, unknown>>)[name])) ?? [short(value)];
}

interface SeamRowProps extends LinePosition {
  readonly columns: number;
  readonly atLoad: number;
  readonly sinceLoad: number;
  readonly seam: string;
}

/** The line between the items at load (below) and the changes since (above). */
export function SeamRow({ line, top, columns, atLoad, sinceLoad, seam }: SeamRowProps) {
  return (
    <div
      role="row"
      className="row seam"
      style={{ transform: `translateY(${top}px)` }}
      aria-rowindex={line + 2}
      title={seam}
    >
      <span role="gridcell" aria-colspan={columns}>
        <span className="stitches" aria-hidden="true" />
        <span className="label">
          ↑ {counted(sinceLoad, 'change')} since load · the seam · {counted(atLoad, 'item')} at load ↓
        </span>
        <span className="stitches" aria-hidden="true" />
      </span>
    </div>
  );
}
