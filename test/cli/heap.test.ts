/** The flags that `seamline serve` sets take effect although V8 is already running. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const HEAP = new URL('../../src/cli/process/heap.ts', import.meta.url).href;

/** The size of the young heap, in MiB, while many objects live for a while. */
async function youngMegabytes(code: string, flags: readonly string[] = []): Promise<number> {
  const program = `
    import { setImmediate as turn } from 'node:timers/promises';
    import { getHeapSpaceStatistics } from 'node:v8';
    import { useFrugalHeap, withFastHeap } from '${HEAP}';
    ${code}
    const kept = [];
    let most = 0;
    for (let n = 0; n < 3_000_000; n++) {
      kept[n % 100_000] = { n, list: [n] };
      // In a longer turn of the event loop V8 may collect and grow more than once before the observer runs.
      if (n % 1_000 !== 0) continue;
      await turn();
      const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
      most = Math.max(most, space.space_used_size + space.space_available_size);
    }
    console.log(most / 1024 ** 2);`;
  const args = [...flags, '--input-type=module', '--eval', program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stderr).toBe('');
  return Number(stdout);
}

/** Whether an idle process with so many open timers collects its garbage. The looks for garbage are called here, so that none is waited for. */
async function collects(open: number): Promise<boolean> {
  const program = `
    import { performance } from 'node:perf_hooks';
    import { memoryUsage } from 'node:process';
    const { useFrugalHeap } = await import('${HEAP}');
    const looks = [];
    const { setInterval } = globalThis;
    globalThis.setInterval = (look) => (looks.push(look), { unref() {} });
    useFrugalHeap();
    globalThis.setInterval = setInterval;
    performance.eventLoopUtilization = () => ({ utilization: 0 });
    globalThis.timers = Array.from({ length: ${open} }, () => setTimeout(() => {}, 1e6));
    let garbage = Array.from({ length: 400_000 }, (_, n) => ({ n, list: [n] }));
    const before = memoryUsage().heapUsed;
    garbage = undefined;
    for (const look of looks) look();
    console.log(before - memoryUsage().heapUsed);
    process.exit();`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stderr).toBe('');
  return Number(stdout) > 10 * 1024 ** 2;
}

it('a server that is idle gives its garbage back', async () => {
  expect(await collects(10)).toBe(true);
});

it('a server that is idle with thousands of open connections is not stopped by a collection', async () => {
  expect(await collects(2000)).toBe(false);
});

it('the young heap grows to about 8 MiB and no further', async () => {
  const most = await youngMegabytes('useFrugalHeap();');
  expect(most).toBeGreaterThan(4);
  // V8's own limit is several times as high. On a busy machine it may grow once more before the limit is set.
  expect(most).toBeLessThan(13);
});

it('the young heap is as large as the operator sets it', async () => {
  const flags = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
  expect(await youngMegabytes('useFrugalHeap();', flags)).toBeGreaterThan(9);
});

it('the young heap stays bounded while a log is loaded', async () => {
  expect(await youngMegabytes('useFrugalHeap(); await withFastHeap(async () => {});')).toBeLessThan(9);
});
