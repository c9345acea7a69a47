/** Drives the console in a browser. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { startServer } from '../server/server.ts';

/** Builds dist/console unless it is up to date. */
export async function buildConsole(): Promise<void> {
  await promisify(execFile)(process.execPath, ['scripts/console.mjs']);
}

export async function startWithConsole(options: ServerOptions = {}): Promise<SeamlineServer> {
  await buildConsole();
  return startServer(options);
}

/** The part of a DOM element that is used in the page. */
interface Scroller {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}

interface RowElement {
  readonly textContent: string | null;
  readonly parentElement: { getAttribute(name: string): string | null };
}

export class ConsolePage {
  readonly page: Page;
  readonly grid: Locator;
  readonly insertion: Locator;

  private constructor(page: Page) {
    this.page = page;
    // Its name begins with “Items”, or with the collection.
    this.grid = page.getByRole('grid', { name: /, newest first$/ });
    // Its name is “Insert”, or “Edit” and the key.
    this.insertion = page.getByRole('form');
  }

  /** `url`: the server's GraphQL URL. Resolves when the page is rendered, before the map is loaded. */
  static async open(page: Page, url: string): Promise<ConsolePage> {
    await page.goto(new URL('/', url).href);
    await page.getByRole('heading', { name: 'seamline' }).waitFor();
    return new ConsolePage(page);
  }

  /** Resolves when the map is loaded. */
  static async loaded(page: Page, url: string): Promise<ConsolePage> {
    const opened = await ConsolePage.open(page, url);
    await opened.seam().waitFor();
    return opened;
  }

  /** The row of a key, if it is visible. */
  row(key: string): Locator {
    return this.grid.getByRole('row').filter({ has: this.page.getByText(key, { exact: true }) });
  }

  /** The line between the items at load and the changes since. */
  seam(text = 'the seam'): Locator {
    return this.grid.getByRole('row').filter({ hasText: text });
  }

  async state(text: string): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: text }).first().waitFor();
  }

  async click(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  async insert(key: string, value: string, { ttl = '', onlyIfAbsent = false } = {}): Promise<void> {
    await this.insertion.getByLabel('Key', { exact: true }).fill(key);
    await this.insertion.getByLabel('Value (JSON)').fill(value);
    await this.insertion.getByLabel('Expires after (seconds)').fill(ttl);
    await this.insertion.getByLabel('Only if the key doesn’t exist').setChecked(onlyIfAbsent);
    await this.insertion.getByRole('button', { name: 'Insert' }).click();
  }

  /** Every key in the table, in line order, collected by scrolling from the start to the end. */
  async keys(): Promise<string[]> {
    const lines = new Map<number, string>();
    for (let top = 0; ;) {
      const { at, end, page } = await this.grid.evaluate((element: unknown, to) => {
        const scroller = element as Scroller;
        scroller.scrollTop = to;
        return { at: scroller.scrollTop, end: scroller.scrollHeight, page: scroller.clientHeight };
      }, top);
      await this.rendered();
      const rows = await this.grid
        .locator('.key')
        .evaluateAll((elements: unknown[]) =>
          (elements as RowElement[]).map(
            ({ textContent, parentElement }) =>
              [Number(parentElement.getAttribute('aria-rowindex')), textContent] as const,
          ),
        );
      for (const [line, key] of rows) lines.set(line, key ?? '');
      if (at + page >= end - 1) break;
      top = at + page / 2;
    }
    await this.grid.evaluate((element: unknown) => ((element as Scroller).scrollTop = 0));
    return [...lines].toSorted(([a], [b]) => a - b).map(([, key]) => key);
  }

  /** Waits two frames: one that renders pending changes, and the next. */
  async rendered(): Promise<void> {
    await this.page.evaluate(async () => {
      const { requestAnimationFrame } = globalThis as unknown as {
        requestAnimationFrame: (next: (value: unknown) => void) => void;
      };
      for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
    });
  }
}
