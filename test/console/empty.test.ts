import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';
import { GraphiQL } from '../support/browser/graphiql.ts';
import { SECRET, sign } from '../support/server/tokens.ts';

/** Runs a command as a shell in the checkout does. */
const run = (command: string, env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)('sh', ['-c', command], { env: { ...process.env, ...env } });

describeInBrowser('The console of an empty map', (openPage) => {
  const command = (page: Page, name: string): Promise<string> =>
    page.getByRole('region', { name, exact: true }).locator('pre').innerText();

  it.each(['curl', 'Command line'])('the command for %s inserts an item as it is shown', async (name) => {
    const server = await startWithConsole();
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    const text = await command(page, name);
    expect(text).toContain(server.url);
    await run(text);
    await shown.row('hello').waitFor();
    expect(server.map.get('hello')).toMatchObject({ value: { text: 'world' } });
    expect(await page.getByText('The map is empty').count()).toBe(0);
  });

  it('the commands send the token from a variable if the page has a token', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    const token = await sign();
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await page.getByLabel('JSON Web Token').fill(token);
    await page.getByRole('button', { name: 'Use token' }).click();
    await shown.seam().waitFor();
    const commands = [await command(page, 'curl'), await command(page, 'Command line')];
    for (const text of commands) {
      expect(text).not.toContain(token);
      await run(text, { TOKEN: token });
      await shown.row('hello').waitFor();
      await server.map.remove('hello');
      await page.getByText('The map is empty').waitFor();
    }
  });

  it('the mutation opens in GraphiQL, and the page copies it', async () => {
    const server = await startWithConsole();
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const way = page.getByRole('region', { name: 'GraphQL', exact: true });
    await way.getByRole('button', { name: 'Copy' }).click();
    await way.getByText('Copied').waitFor();
    const copied = await page.evaluate(() =>
      (
        globalThis as unknown as { navigator: { clipboard: { readText(): Promise<string> } } }
      ).navigator.clipboard.readText(),
    );
    expect(copied).toBe(await command(page, 'GraphQL'));
    const address = await way.getByRole('link', { name: 'Open in GraphiQL' }).getAttribute('href');
    const graphiql = await GraphiQL.open(await openPage(), new URL(address ?? '', page.url()).href);
    await graphiql.run();
    await graphiql.shows('"insertItem"');
    await shown.row('hello').waitFor();
  });
});
