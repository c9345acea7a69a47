/** What `seamline serve --data` does while it loads what was kept: a bar on a terminal, and memory for speed. */
import { withFastHeap } from './heap.ts';
import { bar, Progress } from './progress.ts';

/** `load` is given what to tell how far it is, from 0 to 1. */
export async function loading<T>(load: (onLoading: (share: number) => void) => Promise<T>): Promise<T> {
  let share = 0;
  const progress = new Progress(process.stderr, () => `loading  ${bar(share)}`);
  try {
    return await withFastHeap(() =>
      load((done) => {
        share = done;
        if (done === 1) progress.end();
      }),
    );
  } finally {
    progress.end();
  }
}
