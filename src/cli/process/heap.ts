/**
 * The server's garbage, young and old, must not lie on top of the items (ARCHITECTURE.md). V8 is told so from inside: a flag on the
 * command line that a V8 doesn't know keeps Node from starting, and one in a shebang needs an `env` that can split arguments.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const OLD_HEAP_GROWTH = 'heap-growing-percent';
const YOUNG_HEAP_GROWTH = 'semi-space-growth-factor';
const YOUNG_HEAP_LIMIT = 'max-semi-space-size';
const EXTERNAL_MEMORY = 'external-memory-accounted-in-global-limit';

/** The versions of V8 that know a flag and with which it was tried. An unknown flag is an error message on stderr, so another V8 does without. */
const KNOWN_TO: Readonly<Record<string, readonly [oldest: number, newest: number]>> = {
  [OLD_HEAP_GROWTH]: [12, 14],
  [YOUNG_HEAP_GROWTH]: [12, 14],
  [EXTERNAL_MEMORY]: [13, 14],
};

/** In percent of what is alive: a larger heap costs each idle subscriber 1 KB more, a smaller one is collected more often and no smaller. */
const GROWTH = 25;
/** Of each of the two halves of the young heap. */
const MAX_YOUNG_BYTES = 8 * 1024 * 1024;

/** For the rest of the process. */
export function useFrugalHeap(): void {
  setFlag(EXTERNAL_MEMORY);
  growSlowly();
  boundYoungHeap();
}

/** Loading makes nothing but garbage and what stays for long: a heap that may grow faster meanwhile takes a quarter off the time. */
export async function withFastHeap<T>(work: () => Promise<T>): Promise<T> {
  setFlag(OLD_HEAP_GROWTH, 0);
  try {
    return await work();
  } finally {
    growSlowly();
  }
}

const growSlowly = (): void => setFlag(OLD_HEAP_GROWTH, GROWTH);

/**
 * V8 reads `--max-semi-space-size` only as it starts. Its young heap doubles when much of it survives a collection, and shrinks when little
 * is going on; so it may double only as long as the double is within the limit. A turn of the event loop with several collections in it may
 * go further, as far as V8's own limit.
 */
function boundYoungHeap(): void {
  if (isGiven(YOUNG_HEAP_LIMIT)) return;
  // Nothing is known of how much the modules need that are loaded next, in one turn of the event loop.
  setFlag(YOUNG_HEAP_GROWTH, 1);
  let factor = 1;
  const observer = new PerformanceObserver(() => {
    const next = youngBytes() * 2 <= MAX_YOUNG_BYTES ? 2 : 1;
    if (next !== factor) setFlag(YOUNG_HEAP_GROWTH, next);
    factor = next;
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  // The size counts both halves, as far as they are mapped.
  return space ? space.space_used_size + space.space_available_size : Infinity;
}

function setFlag(name: string, value?: number): void {
  const [oldest, newest] = KNOWN_TO[name] ?? [Infinity, 0];
  const version = Number.parseInt(process.versions.v8, 10);
  if (version < oldest || version > newest || isGiven(name)) return;
  setFlagsFromString(value === undefined ? `--${name}` : `--${name}=${value}`);
}

/** On the command line, or in NODE_OPTIONS: what the operator says counts. */
function isGiven(name: string): boolean {
  const given = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return given.some(
    (option) =>
      option
        .replaceAll('_', '-')
        .replace(/^--(no-)?/, '')
        .replace(/=.*$/, '') === name,
  );
}
