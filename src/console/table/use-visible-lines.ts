import { type RefObject, useLayoutEffect, useState } from 'react';

export interface LineRange {
  readonly first: number;
  /** The line after the last one. */
  readonly end: number;
}

/** In pixels, equal to `--row` in base.css. */
export const ROW_HEIGHT = 36;

/** Rows beyond each edge, so that none is missing while the user scrolls. */
const SPARE = 8;

/** The range of lines that `scroller` shows. */
export function useVisibleLines(scroller: RefObject<HTMLElement | null>): LineRange {
  const [range, setRange] = useState<LineRange>({ first: 0, end: 40 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const measure = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / ROW_HEIGHT) - SPARE);
      const end = Math.ceil((element.scrollTop + element.clientHeight) / ROW_HEIGHT) + SPARE;
      setRange((before) => (before.first === first && before.end === end ? before : { first, end }));
    };
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [scroller]);
  return range;
}
