/** The installed Chromium, so that nothing is downloaded. */
import { type EventEmitter, on } from 'node:events';
import { type Browser, chromium, type ConsoleMessage, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { findOnPath } from '../processes/programs.ts';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** In ms: the timeout of a wait in a browser on a slow machine. */
export const PATIENCE_MS = 60_000;

/**
 * A `describe` with one browser for all its tests. Without a Chromium on the PATH its tests are skipped, and their title says so;
 * in CI they fail.
 */
export function describeInBrowser(title: string, define: (openPage: () => Promise<Page>) => void): void {
  const path = ['chromium', 'chromium-browser', 'google-chrome'].map(findOnPath).find((found) => found !== undefined);
  const isSkipped = path === undefined && process.env['CI'] === undefined;
  const reason = isSkipped ? ' [SKIPPED: no chromium on the PATH]' : '';

  describe.skipIf(isSkipped)(`${title}${reason}`, { timeout: 2 * PATIENCE_MS }, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      if (path === undefined) throw new Error('no chromium, chromium-browser or google-chrome on the PATH');
      browser = await chromium.launch({ executablePath: path, args: ARGS, timeout: PATIENCE_MS });
    }, PATIENCE_MS);
    afterAll(() => browser?.close());

    define(async () => {
      if (!browser) throw new Error('a page opens inside a test');
      // A new context, so that storage, cache and connections are not shared.
      const context = await browser.newContext();
      onTestFinished(() => context.close());
      context.setDefaultTimeout(PATIENCE_MS);
      return context.newPage();
    });
  });
}

/**
 * Opens `html` as a page of the server, with `script` as `/page.js`. The page is loaded from the server, because Chromium treats a page that
 * Playwright fulfils as one of a public host, and blocks its WebSockets to a local address.
 */
export async function openOn(page: Page, url: string, html: string, script = ''): Promise<void> {
  const { origin } = new URL(url);
  await page.route(`${origin}/page.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  await page.goto(`${origin}/health`);
  await page.setContent(html);
}

/**
 * Iterates over the first argument of each `console.log` in the page. An error that the page throws or logs rejects the iteration. Call it
 * before the page opens.
 */
export function logOf(page: Page): AsyncIterator<unknown> {
  const messages = on(page as unknown as EventEmitter, 'console');
  page.on('pageerror', (error) => void messages.throw?.(error));
  return (async function* () {
    for await (const [message] of messages as AsyncIterable<[ConsoleMessage]>) {
      const [first] = message.args();
      // Messages of the browser itself, such as a refused connection, have no arguments.
      if (!first) continue;
      if (message.type() === 'error') throw new Error(message.text());
      if (message.type() === 'log') yield first.jsonValue();
    }
  })();
}

/** Aborts every request to another host than that of `url`, and collects them. */
export async function isolate(page: Page, url: string): Promise<string[]> {
  const { host } = new URL(url);
  const strangers: string[] = [];
  await page.context().route(
    (requested) => requested.protocol.startsWith('http') && requested.host !== host,
    async (route) => {
      strangers.push(route.request().url());
      await route.abort();
    },
  );
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== host) strangers.push(socket.url());
  });
  return strangers;
}
