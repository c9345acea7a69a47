import { type KeyboardEvent, type ReactNode, useId, useMemo, useRef } from 'react';
import { VisibleText } from '../controls/visible-text.tsx';
import { columnsOf } from './columns.ts';
import { EmptyMap } from './empty-map.tsx';
import { idOfRow, Row, SeamRow } from './row.tsx';
import { selectsValues } from '../feed/row-filter.ts';
import { useSession, useView } from '../session/use-session.ts';
import { Tools } from './tools.tsx';
import { useScrollAnchor } from './use-scroll-anchor.ts';
import { ROW_HEIGHT, useVisibleLines } from './use-visible-lines.ts';

interface TableProps {
  readonly selected: string | undefined;
  /** The arrow keys select a row. */
  readonly onSelect: (key: string) => void;
  /** A click or Enter opens it. */
  readonly onOpen: (key: string) => void;
}

/** All items, newest first. Only visible rows are in the document. */
export function Table({ selected, onSelect, onOpen }: TableProps) {
  const { feed, collection } = useSession();
  const { isLoaded, shown, above, seam, atLoad, sinceLoad } = useView();
  const scroller = useRef<HTMLDivElement>(null);
  const { first, end } = useVisibleLines(scroller);
  const id = useId();
  // The seam takes one line.
  const lines = isLoaded ? shown + 1 : 0;
  useScrollAnchor(scroller, lines);
  const { names, fields, style } = useMemo(() => columnsOf(collection), [collection]);

  /** The item of a line other than the seam. */
  const itemAt = (line: number) => feed.rows.at(line < above ? line : line - 1);

  const move = (by: number): void => {
    const item = selected === undefined ? undefined : feed.get(selected);
    const index = item ? feed.rows.countAfter(item.cursor) : -1;
    const from = item ? index + Number(index >= above) : by > 0 ? -1 : lines;
    const skipSeam = (line: number): number => (line === above ? line + Math.sign(by) : line);
    let to = skipSeam(Math.min(lines - 1, Math.max(0, from + by)));
    if (to < 0 || to >= lines) to = skipSeam(from);
    const next = itemAt(to);
    if (!next) return;
    onSelect(next.key);
    reveal(scroller.current, to);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && selected !== undefined) {
      // Otherwise the same key press would activate the button that gets the focus.
      event.preventDefault();
      return onOpen(selected);
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      End: lines,
      Home: -lines,
    };
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(by);
  };

  const rows: ReactNode[] = [];
  for (let line = first; line < Math.min(end, lines); line++) {
    const position = { line, top: line * ROW_HEIGHT };
    const item = line === above ? undefined : itemAt(line);
    if (line === above)
      rows.push(
        <SeamRow key="seam" {...position} columns={names.length} atLoad={atLoad} sinceLoad={sinceLoad} seam={seam} />,
      );
    else if (item)
      rows.push(
        <Row
          // A new element for each change, so that it flashes.
          key={item.cursor}
          {...position}
          id={idOfRow(id, item.key)}
          item={item}
          fields={fields}
          isSelected={item.key === selected}
          isLive={line < above}
          arrival={feed.arrivalOf(item)}
          onOpen={onOpen}
        />,
      );
  }

  return (
    <section className={`table${isLoaded && shown > 0 ? '' : ' bare'}`} aria-label="The map">
      <Tools isAtStart={first === 0} onStart={() => scroller.current?.scrollTo({ top: 0 })} />
      <div
        ref={scroller}
        className={collection.isTyped ? 'scroller typed' : 'scroller'}
        style={style}
        role="grid"
        aria-label={`${collection.isTyped ? collection.plural : 'Items'}, newest first`}
        aria-rowcount={lines + 1}
        aria-colcount={names.length}
        aria-busy={!isLoaded}
        aria-activedescendant={selected === undefined ? undefined : idOfRow(id, selected)}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div className="head" role="row" aria-rowindex={1}>
          {names.map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
        <div role="rowgroup" className="body" style={{ height: lines * ROW_HEIGHT }}>
          {rows}
        </div>
      </div>
      <Blank />
    </section>
  );
}

/** What fills the place of the rows if there are none. */
function Blank() {
  const { isLoaded, size, shown, filter } = useView();
  if (!isLoaded) return <p className="blank">Loading the map …</p>;
  if (size === 0) return <EmptyMap />;
  if (shown > 0) return null;
  const { prefix } = filter;
  const isOfValues = selectsValues(filter);
  return (
    <p className="blank">
      {isOfValues ? 'No value matches the filter' : 'No key starts with '}
      {isOfValues && prefix !== '' && ' under a key that starts with '}
      {prefix !== '' && (
        <>
          “<VisibleText>{prefix}</VisibleText>”
        </>
      )}
      .
    </p>
  );
}

function reveal(scroller: HTMLElement | null, line: number): void {
  if (!scroller) return;
  const top = line * ROW_HEIGHT;
  // The table head covers one row.
  const room = scroller.clientHeight - 2 * ROW_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
}
