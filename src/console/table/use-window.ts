import { type RefObject, useLayoutEffect, useState } from 'react';

export interface Span {
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
}

/** In pixels: `--row` in base.css. */
export const ROW_HEIGHT = 36;

/** Rows beyond the edge, so that none is missing while somebody scrolls. */
const SPARE = 8;

/** Which rows are within what `scroller` shows of them. */
export function useWindow(scroller: RefObject<HTMLElement | null>): Span {
  const [span, setSpan] = useState<Span>({ first: 0, end: 40 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const look = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / ROW_HEIGHT) - SPARE);
      const end = Math.ceil((element.scrollTop + element.clientHeight) / ROW_HEIGHT) + SPARE;
      setSpan((before) => (before.first === first && before.end === end ? before : { first, end }));
    };
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller]);
  return span;
}
