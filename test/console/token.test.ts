import type { Page } from 'playwright-core';
import { expect, it, vi } from 'vitest';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ConsolePage, startWithConsole } from '../support/browser/console.ts';
import { issuerKey, keySet, READ, SECRET, secondsFromNow, sign } from '../support/server/tokens.ts';

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('JSON Web Token').fill(token);
  await page.getByRole('button', { name: 'Use token' }).click();
}

describeInBrowser('The console of a server with authentication', (openPage) => {
  it('the console asks for a token, keeps it for its tab, and never sends it in a URL', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    await server.map.insert({ key: 'a', value: 1 });
    const page = await openPage();
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    page.on('websocket', (socket) => addresses.push(socket.url()));
    const shown = await ConsolePage.open(page, server.url);
    await page.getByRole('alert').filter({ hasText: 'This server requires a token.' }).waitFor();
    expect(await shown.grid.count()).toBe(0);

    await signIn(page, 'nonsense');
    await page.getByRole('alert').filter({ hasText: 'The server refused this token: Invalid Compact JWS.' }).waitFor();
    const token = await sign();
    await signIn(page, `Bearer ${token}`);
    await shown.row('a').waitFor();
    await shown.insert('b', '1');
    await shown.row('b').waitFor();

    await page.reload();
    await shown.row('b').waitFor();
    expect(addresses.filter((address) => address.includes(token))).toEqual([]);

    await shown.click('Token in use');
    await shown.click('Remove current token');
    await page.getByRole('alert').filter({ hasText: 'This server requires a token.' }).waitFor();
  });

  it('the console asks for another token when the current token has expired', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    await server.map.insert({ key: 'a', value: 1 });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await sign({ exp: secondsFromNow(5) }));
    await shown.row('a').waitFor();
    await page.getByRole('alert').filter({ hasText: 'This token has expired.' }).waitFor();
    await signIn(page, await sign());
    await shown.row('a').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('the console explains that a token lacks the scope to write', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    await server.map.insert({ key: 'a', value: 1 });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await sign({ scope: READ }));
    await shown.row('a').waitFor();
    await shown.insert('b', '1');
    await shown.insertion.getByRole('alert').filter({ hasText: 'Not allowed: requires scope items:write' }).waitFor();
    await shown.row('a').click();
    await shown.click('Remove');
    await shown.click('Confirm removal');
    await page.getByRole('region', { name: 'a', exact: true }).getByRole('alert').waitFor();
    expect(server.map.replica.items.size).toBe(1);
  });

  it('the console explains that a token lacks the scope to read', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await sign({ scope: '' }));
    const alert = page.getByRole('alert').filter({ hasText: 'Not allowed' });
    await alert.waitFor();
    expect(await alert.innerText()).toBe(
      'Not allowed: requires scope items:read. The token is valid, but doesn’t grant this scope.',
    );
    await shown.state('Access refused');
  });

  it('the console shows a token with a key prefix its items, with their checksum', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    await server.map.insertMany(['a:1', 'b:1'].map((key) => ({ key, value: 1 })));
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await sign({ keyPrefix: 'b:' }));
    await shown.row('b:1').waitFor();
    expect(await shown.keys()).toEqual(['b:1']);
    await page.getByText('equal to the server’s').waitFor();
    await shown.click('Cut the connection');
    await server.map.insertMany(['a:2', 'b:2'].map((key) => ({ key, value: 1 })));
    await shown.click('Resume');
    await shown.state('1 change happened while the page was disconnected. Nothing was lost: checksum');
    expect(await shown.keys()).toEqual(['b:2', 'b:1']);
  });

  it.each([
    {
      kind: 'an expired token',
      claims: { exp: secondsFromNow(-60) },
      text: 'This token has expired. Use a new token.',
    },
    { kind: 'a token of the future', claims: { nbf: secondsFromNow(3600) }, text: 'This token is not valid yet.' },
    {
      kind: 'a token with another secret',
      secret: 'x'.repeat(64),
      text: 'The server refused this token: signature verification failed.',
    },
  ])('the console says what is wrong with $kind', async ({ claims, secret, text }) => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await sign(claims, secret === undefined ? {} : { secret }));
    await page.getByRole('alert').filter({ hasText: text }).waitFor();
    await shown.state('Access refused');
    expect(await page.getByText('Connection lost').count()).toBe(0);
  });

  it('the console says that a token has expired when an insertion is refused for it, not that the server is away', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await sign({ exp: secondsFromNow(2) }));
    await shown.seam().waitFor();
    // Without its connection, the page isn’t told that the token expires.
    await shown.click('Cut the connection');
    await vi.waitFor(
      async () => {
        await shown.insert('a', '1');
        const alert = shown.insertion.getByRole('alert').filter({ hasText: 'This token has expired.' });
        await alert.waitFor({ timeout: 500 });
      },
      { timeout: 20_000 },
    );
    expect(await page.getByText('can’t be reached').count()).toBe(0);
  });

  it('the console accepts a token that a terminal has broken into lines, and refuses text that is no token', async () => {
    const server = await startWithConsole({ jwtSecret: SECRET });
    await server.map.insert({ key: 'a', value: 1 });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, 'tökén');
    await page.getByRole('alert').filter({ hasText: 'This is not a token: it contains “ö”.' }).waitFor();
    await signIn(page, (await sign()).replace(/.{40}/g, '$&\n  '));
    await shown.row('a').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('the console says that the server asks to wait while the keys of the issuer can’t be fetched', async () => {
    const keys = await keySet();
    await keys.close();
    const server = await startWithConsole({ jwks: keys.url });
    const page = await openPage();
    const shown = await ConsolePage.open(page, server.url);
    await signIn(page, await (await issuerKey('a')).sign());
    await shown.state('The server asks to wait (');
    expect(await page.getByLabel('JSON Web Token').count()).toBe(0);
  });

  it('the console of a server without authentication never mentions a token', async () => {
    const server = await startWithConsole();
    const page = await openPage();
    const shown = await ConsolePage.loaded(page, server.url);
    await shown.insert('a', '1');
    await shown.row('a').waitFor();
    expect(await page.locator('body').innerText()).not.toMatch(/token/i);
  });
});
