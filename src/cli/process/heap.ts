/**
 * Keeps the heap close to the size of the items, so that garbage adds little to it (ARCHITECTURE.md). The flags are set at run time: an unknown
 * flag on the command line keeps Node from starting, and a flag in a shebang needs an `env` that can split arguments.
 */
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const OLD_HEAP_GROWTH = 'heap-growing-percent';
const YOUNG_HEAP_GROWTH = 'semi-space-growth-factor';
const YOUNG_HEAP_LIMIT = 'max-semi-space-size';
const EXTERNAL_MEMORY = 'external-memory-accounted-in-global-limit';

/** The major versions of V8 that each flag was tested with. Other versions run without it, because V8 prints an error for an unknown flag. */
const KNOWN_TO: Readonly<Record<string, readonly [oldest: number, newest: number]>> = {
  [OLD_HEAP_GROWTH]: [12, 14],
  [YOUNG_HEAP_GROWTH]: [12, 14],
  [EXTERNAL_MEMORY]: [13, 14],
};

/** In percent of the live objects. More costs 1 KB for each idle subscriber; less collects more often and saves nothing. */
const GROWTH = 25;
/** The limit of each of the two halves of the young heap. */
const MAX_YOUNG_BYTES = 8 * 1024 * 1024;

/** Applies to the rest of the process. */
export function useFrugalHeap(): void {
  setFlag(EXTERNAL_MEMORY);
  growSlowly();
  boundYoungHeap();
  collectWhenIdle();
}

/**
 * Lets the heap grow faster during `work`. Loading creates only garbage and long-lived objects, so this saves a quarter of its time. The
 * garbage is collected at the end: V8 would leave it until the heap has grown by a quarter. A million items take 0.3 s.
 */
export async function withFastHeap<T>(work: () => Promise<T>): Promise<T> {
  setFlag(OLD_HEAP_GROWTH, 0);
  try {
    return await work();
  } finally {
    growSlowly();
    collectGarbage();
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}

/** How often garbage is looked for, in ms. */
const LOOK_EVERY_MS = 2000;
/** Growth that is worth a collection: so many bytes, and a quarter of what is live. */
const [LEAST_GROWTH, GROWTH_SHARE] = [24 * 1024 * 1024, 1 / 4];
/** Live bytes that are collected in a tenth of a second. Garbage costs little. */
const MOST_LIVE = 96 * 1024 * 1024;
/** Open connections, timers and files, above which nothing is collected: thousands of idle sockets are live objects that nobody has counted yet. */
const MOST_RESOURCES = 1000;
/** Share of the time in which an idle event loop works. */
const IDLE = 0.08;

/** V8 collects when somebody allocates. After a flood nobody does, and its garbage would stay. */
function collectWhenIdle(): void {
  let live = usedBytes();
  let before = performance.eventLoopUtilization();
  setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    const growth = Math.max(LEAST_GROWTH, live * GROWTH_SHARE);
    if (utilization > IDLE || live > MOST_LIVE || usedBytes() - live < growth) return;
    if (process.getActiveResourcesInfo().length > MOST_RESOURCES) return;
    collectGarbage();
    live = usedBytes();
  }, LOOK_EVERY_MS).unref();
}

function usedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

const growSlowly = (): void => setFlag(OLD_HEAP_GROWTH, GROWTH);

/**
 * V8 reads `--max-semi-space-size` only when it starts, so the young heap is bounded by its growth factor. It doubles when much of it survives a
 * collection, and it may double only while the result stays within the limit. Several collections in one turn of the event loop can exceed
 * it, up to V8's own limit.
 */
function boundYoungHeap(): void {
  if (isGiven(YOUNG_HEAP_LIMIT)) return;
  // The modules are loaded next, in one turn of the event loop, before the observer can react.
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
  // `space_size` would count both halves as far as they are mapped.
  return space ? space.space_used_size + space.space_available_size : Infinity;
}

function setFlag(name: string, value?: number): void {
  const [oldest, newest] = KNOWN_TO[name] ?? [Infinity, 0];
  const version = Number.parseInt(process.versions.v8, 10);
  if (version < oldest || version > newest || isGiven(name)) return;
  setFlagsFromString(value === undefined ? `--${name}` : `--${name}=${value}`);
}

/** Whether the operator set the flag, on the command line or in NODE_OPTIONS: that value stays. */
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
