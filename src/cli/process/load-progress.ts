/** While `seamline serve --data` loads its directory it shows a bar on a terminal and trades memory for speed. */
import { withFastHeap } from './heap.ts';
import { bar, Progress } from './progress.ts';

/** `load` reports its progress, from 0 to 1, to the function that it is given. */
export async function withLoadProgress<T>(load: (onLoading: (share: number) => void) => Promise<T>): Promise<T> {
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
