import { expect, it } from 'vitest';
import { InsertItemsDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ask } from '../support/clients/clients.ts';
import { buildConsole, ConsolePage, startWithConsole } from '../support/browser/console.ts';
import { serveCli, type ServeProcess } from '../support/processes/processes.ts';
import { type Network, networkTo } from '../support/sockets/proxy.ts';

const inputs = (count: number, prefix = 'item') =>
  Array.from({ length: count }, (_, n) => ({ key: `${prefix} ${n}`, value: n }));

interface Scene {
  readonly shown: ConsolePage;
  readonly first: ServeProcess;
  readonly network: Network;
}

describeInBrowser('The console of a server that lost its log', (openPage) => {
  const open = async (items: number): Promise<Scene> => {
    await buildConsole();
    const first = await serveCli(['--port', '0']);
    if (items > 0) await ask(first, InsertItemsDocument, { inputs: inputs(items) });
    // A proxy keeps the page's port, because the restarted server gets another one.
    const network = await networkTo(first.url);
    const shown = await ConsolePage.loaded(await openPage(), network.url);
    return { shown, first, network };
  };

  /** Kills the server, and starts another one with `again` in its memory. */
  const restart = async (
    { shown, first, network }: Scene,
    again: readonly { readonly key: string; readonly value: number }[] = [],
  ): Promise<void> => {
    first.signal('SIGKILL');
    await first.exited;
    await shown.state('Connection lost');
    const second = await serveCli(['--port', '0']);
    if (again.length > 0) await ask(second, InsertItemsDocument, { inputs: [...again] });
    network.mend(second.url);
  };

  it('the console says that 200 items are gone after an in-memory server was killed and started again', async () => {
    const scene = await open(200);
    const { shown } = scene;
    await restart(scene);
    await shown.state('The server lost its log: 200 items are gone.');
    const text = await shown.page.locator('body').innerText();
    expect(text).not.toMatch(/nothing was lost/i);
    expect(text).not.toContain('00000000');
    expect(text).not.toContain('equal to the server');
    expect(await shown.keys()).toEqual([]);
  });

  it('the console counts only the items that the new log doesn’t have', async () => {
    const scene = await open(5);
    const { shown } = scene;
    // A pause ends with the log that it holds.
    await shown.click('Pause');
    await restart(scene, [...inputs(4), ...inputs(2, 'new')]);
    await shown.state('The server lost its log: 1 item is gone. The table shows the new log, which has 6 items.');
    expect((await shown.keys()).length).toBe(6);
  });

  it('the console that showed no items says that it can’t tell what is gone', async () => {
    const scene = await open(0);
    const { shown } = scene;
    await restart(scene);
    await shown.state('The server lost its log. The page showed no items before, so it can’t tell what is gone.');
    expect(await shown.page.locator('body').innerText()).not.toMatch(/nothing was lost/i);
  });

  it('the console compares no checksum after an outage if the map is empty', async () => {
    const server = await startWithConsole();
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.page.getByText('no checksum of an empty map').waitFor();
    await shown.click('Cut the connection');
    await server.map.insert({ key: 'a', value: 1 });
    await server.map.remove('a');
    await shown.click('Resume');
    await shown.state('The stream continued exactly after the last change. The map is empty.');
    expect(await shown.page.locator('body').innerText()).not.toContain('00000000');
  });

  it('the console doesn’t call its checksum equal to the server’s while it is disconnected', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(inputs(3));
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.page.getByText('equal to the server’s').waitFor();
    await shown.click('Cut the connection');
    await shown.page.getByText('equal before the connection ended').waitFor();
    expect(await shown.page.getByText('equal to the server’s').count()).toBe(0);
  });
});
