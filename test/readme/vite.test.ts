/** docs/clients.md, A Vite page: a page of another origin, from Vite's development server. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createServer } from 'vite';
import { expect, it, onTestFinished } from 'vitest';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ask } from '../support/clients/clients.ts';
import { commandsOf, put } from '../support/documents/blocks.ts';
import { complaintsOf, snippet } from '../support/documents/readme.ts';
import { served } from '../support/processes/shell.ts';

const FILE = 'docs/clients.md';
const TITLE = 'A Vite page';
const ORIGIN = 'http://localhost:5173';
const app = snippet(TITLE, FILE, 3);

/** The files that `npm create vite` makes, as far as they matter here. */
const FILES = {
  'index.html': '<!doctype html><div id="root"></div><script type="module" src="/src/main.tsx"></script>',
  'tsconfig.json': JSON.stringify({ compilerOptions: { jsx: 'react-jsx', module: 'esnext' } }),
  './src/main.tsx': `import { StrictMode } from 'react';
    import { createRoot } from 'react-dom/client';
    import App from './App.tsx';
    createRoot(document.getElementById('root')!).render(<StrictMode><App /></StrictMode>);`,
};

/** Serves a project on a free port of `localhost`. Resolves with its origin and folder. */
async function serveProject(): Promise<{ readonly origin: string; readonly directory: string }> {
  mkdirSync('.cache', { recursive: true });
  const directory = mkdtempSync(resolve('.cache', 'vite-page-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const folder of ['src', 'node_modules']) mkdirSync(join(directory, folder));
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(directory, name), content);
  symlinkSync(resolve('.'), join(directory, 'node_modules', 'seamline'));
  const server = await createServer({
    root: directory,
    configFile: false,
    logLevel: 'error',
    server: { port: 0, fs: { allow: [resolve('.')] } },
  });
  onTestFinished(() => server.close());
  await server.listen();
  const [url] = server.resolvedUrls?.local ?? [];
  if (url === undefined) throw new Error('vite serves no local address');
  return { origin: new URL(url).origin, directory };
}

describeInBrowser('docs/clients.md, A Vite page', (openPage) => {
  it('the page of another origin shows current and later items', async () => {
    const { origin, directory } = await serveProject();
    const [start = ''] = commandsOf(1, FILE, TITLE);
    const server = await served(put(start, { [ORIGIN]: origin }));
    const insert = (key: string): Promise<unknown> =>
      ask(server, InsertItemDocument, { input: { key, value: { n: 1 } } });
    await insert('before');
    writeFileSync(join(directory, 'src', 'App.tsx'), put(app, { '127.0.0.1:4000': new URL(server.url).host }));
    const page = await openPage();
    await page.goto(origin);
    await page.getByText('before: {"n":1}').waitFor();
    await insert('later');
    await page.getByText('later: {"n":1}').waitFor();
    expect(await page.locator('p').count()).toBe(2);
  });
});

it('the component of the Vite page passes a strict type check', async () => {
  expect(await complaintsOf({ App: app })).toBe('');
});
