import { useSyncExternalStore } from 'react';

/** Equal to the width in page.css at which the side panel moves below the table. */
const NARROW = '(max-width: 1000px)';

const subscribe = (listener: () => void): (() => void) => {
  const query = matchMedia(NARROW);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};

/** Whether the window has no room for a side panel. */
export const useIsNarrow = (): boolean => useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
