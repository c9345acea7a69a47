import { type RefObject, useLayoutEffect, useRef } from 'react';
import { useSession, useView } from '../session/use-session.ts';
import { ROW_HEIGHT } from './use-window.ts';

/** Who has scrolled down goes on seeing the same rows, however many come above them. */
export function useStandStill(scroller: RefObject<HTMLElement | null>, lines: number): void {
  const { feed } = useSession();
  const { above } = useView();
  const anchor = useRef<{ cursor: string; above: number; offset: number } | undefined>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const lineOf = (place: number): number => place + Number(place >= above);
    if (anchor.current && element.scrollTop > 0) {
      const line = lineOf(feed.rows.countAfter(anchor.current.cursor));
      element.scrollTop = line * ROW_HEIGHT + anchor.current.offset;
    }
    const look = (): void => {
      const line = Math.floor(element.scrollTop / ROW_HEIGHT);
      const item = feed.rows.at(line < above ? line : line - 1);
      anchor.current = item && { cursor: item.cursor, above, offset: element.scrollTop - line * ROW_HEIGHT };
    };
    look();
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  }, [scroller, feed, above, lines]);
}
