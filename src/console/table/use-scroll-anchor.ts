import { type RefObject, useLayoutEffect, useRef } from 'react';
import { useSession, useView } from '../session/use-session.ts';
import { ROW_HEIGHT } from './use-visible-lines.ts';

/** Keeps the visible rows in place while rows are added above them, once the user has scrolled down. Another filter starts at the top. */
export function useScrollAnchor(scroller: RefObject<HTMLElement | null>, lines: number): void {
  const { feed } = useSession();
  const { above, filter } = useView();
  const shownFilter = useRef(filter);
  const anchor = useRef<{ cursor: string; above: number; offset: number } | undefined>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const lineOf = (index: number): number => index + Number(index >= above);
    if (shownFilter.current !== filter) {
      shownFilter.current = filter;
      element.scrollTop = 0;
    } else if (anchor.current && element.scrollTop > 0) {
      const line = lineOf(feed.rows.countAfter(anchor.current.cursor));
      element.scrollTop = line * ROW_HEIGHT + anchor.current.offset;
    }
    const remember = (): void => {
      const line = Math.floor(element.scrollTop / ROW_HEIGHT);
      const item = feed.rows.at(line < above ? line : line - 1);
      anchor.current = item && { cursor: item.cursor, above, offset: element.scrollTop - line * ROW_HEIGHT };
    };
    remember();
    element.addEventListener('scroll', remember, { passive: true });
    return () => element.removeEventListener('scroll', remember);
  }, [scroller, feed, above, lines, filter]);
}
