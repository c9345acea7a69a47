import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';

/** A delay that people notice. It limits the thread's own time, because other processes may keep the machine busy. */
const LONGEST_MS = 200;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** In microseconds: on the clock, and of the thread. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** The longest task of the page's main thread while `work` runs, in ms. */
async function longestTask(page: Page, work: () => Promise<void>): Promise<{ own: number; onTheClock: number }> {
  const browser = page.context().browser();
  if (!browser) throw new Error('a page has a browser');
  await browser.startTracing(page, { categories: ['toplevel'] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const isMain = ({ name, args }: TraceEvent): boolean => name === 'thread_name' && args.name === 'CrRendererMain';
  const main = new Set(traceEvents.filter(isMain).map(threadOf));
  const tasks = traceEvents.filter((event) => event.name.endsWith('RunTask') && main.has(threadOf(event)));
  expect(tasks.length).toBeGreaterThan(100);
  const longest = (of: 'dur' | 'tdur'): number =>
    Math.round(tasks.reduce((most, task) => Math.max(most, task[of] ?? 0), 0) / 1000);
  return { own: longest('tdur'), onTheClock: longest('dur') };
}

describeInBrowser('The console of a map with 100,000 items', (openPage) => {
  it('the console loads, scrolls and filters 100,000 items during writes without a task above 200 ms', async () => {
    const server = await startWithConsole();
    const batch = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({
        key: `item/${(from + n) % 100_000}`,
        value: { n, x: 'x'.repeat(60) },
      }));
    for (let n = 0; n < 100; n++) await server.map.insertMany(batch(n * 1000, 1000));
    const page = await openPage();
    const loading = await longestTask(page, async () => {
      await ConsolePage.loaded(page, server.url);
    });

    let isOver = false;
    const writing = (async () => {
      for (let n = 0; !isOver; n += 20) {
        await server.map.insertMany(batch(n * 7, 20));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let rows = 0;
    const scrolling = await longestTask(page, async () => {
      rows = await mostRowsWhileScrolling(page);
    });
    const filtering = await longestTask(page, async () => {
      const filter = page.getByLabel('Key prefix');
      await filter.fill('item/7');
      await page.getByText('11,111 of 100,000 items').waitFor();
      await filter.fill('');
      await page.getByText('100,000 items, newest first').waitFor();
    });
    isOver = true;
    await writing;

    console.info('the longest task, in ms:', { loading, scrolling, filtering });
    // Only visible rows are in the document.
    expect(rows).toBeLessThan(80);
    for (const { own } of [loading, scrolling, filtering]) expect(own).toBeLessThan(LONGEST_MS);
  });
});

/** Scrolls to the end in small and large steps, one a frame. */
function mostRowsWhileScrolling(page: Page): Promise<number> {
  return page.getByRole('grid').evaluate(async (element: unknown) => {
    const scroller = element as {
      scrollTop: number;
      readonly scrollHeight: number;
      querySelectorAll(selector: string): { readonly length: number };
    };
    const { requestAnimationFrame } = globalThis as unknown as {
      requestAnimationFrame: (next: (value: unknown) => void) => void;
    };
    let most = 0;
    for (let step = 0; step < 200; step++) {
      scroller.scrollTop += step % 50 === 49 ? scroller.scrollHeight / 5 : 150;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      most = Math.max(most, scroller.querySelectorAll('.row').length);
    }
    return most;
  });
}
