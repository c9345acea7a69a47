/** What `seamline serve --data` does while it loads what was kept: a bar on a terminal, and memory for speed. */
import { setFlagsFromString } from 'node:v8';
import { bar, Progress } from './progress.ts';

/**
 * Loading makes nothing but garbage and what stays for long. A heap that may grow faster meanwhile takes a quarter off the time; what
 * `npm start` asks for otherwise (main.ts) comes back afterwards.
 */
const HASTE = ['--heap-growing-percent=0'];

const isTuned = (flag: string): boolean => HASTE.some((other) => nameOf(other) === nameOf(flag));
const nameOf = (flag: string): string => flag.replace(/^--(no-)?/, '').replace(/=.*$/, '');

/** `load` is given what to tell how far it is, from 0 to 1. */
export async function loading<T>(load: (onLoading: (share: number) => void) => Promise<T>): Promise<T> {
  let share = 0;
  const progress = new Progress(process.stderr, () => `loading  ${bar(share)}`);
  const usual = process.execArgv.filter(isTuned);
  // Started without, as in tests, it has V8's own.
  if (usual.length > 0) HASTE.forEach((flag) => setFlagsFromString(flag));
  try {
    return await load((done) => {
      share = done;
      if (done === 1) progress.end();
    });
  } finally {
    progress.end();
    usual.forEach((flag) => setFlagsFromString(flag));
  }
}
