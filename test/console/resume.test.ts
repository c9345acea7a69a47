import { expect, it } from 'vitest';
import { InsertItemsDocument, RemoveItemDocument, StreamDocument } from '../../schema/documents/graphql.ts';
import { describeInBrowser } from '../support/browser/browser.ts';
import { ask } from '../support/clients/clients.ts';
import { buildConsole, ConsolePage, startWithConsole } from '../support/browser/console.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { serveCli } from '../support/processes/processes.ts';
import { networkTo } from '../support/sockets/proxy.ts';

const inputs = (...keys: readonly string[]) => keys.map((key) => ({ key, value: 1 }));

describeInBrowser('The console’s connection', (openPage) => {
  it('the console resumes after a cut by its buttons, loses and repeats nothing, and says so (G4)', async () => {
    const server = await startWithConsole();
    await server.map.insertMany(inputs('a', 'b', 'c'));
    const shown = await ConsolePage.loaded(await openPage(), server.url);
    await shown.click('Cut the connection');
    await shown.state('Cut');
    await server.map.insertMany(inputs('d', 'a', 'e'));
    await server.map.remove('b');
    await shown.rendered();
    expect(await shown.keys()).toEqual(['c', 'b', 'a']);

    await shown.click('Resume');
    await shown.state('Live');
    await shown.state('4 changes happened while the page was disconnected');
    const { checksum } = (await ask(server, StreamDocument, {})).stream;
    await shown.state(`checksum ${checksum} is equal`);
    expect(await shown.keys()).toEqual(['e', 'a', 'd', 'c']);
    // The seam keeps its position across the outage.
    await shown.seam('4 changes since load · the seam · 3 items at load').waitFor();
  });

  it('the console can be cut again after a reconnect, and resumes each time', async () => {
    const server = await startWithConsole();
    const network = await networkTo(server.url);
    const shown = await ConsolePage.loaded(await openPage(), network.url);
    network.cut();
    await shown.state('Connection lost');
    await network.refusal();
    // Only the button ends the wait.
    await shown.click('Reconnect now');
    await network.refusal();
    network.mend();
    await shown.click('Reconnect now');
    await shown.state('Live');
    await shown.click('Cut the connection');
    await shown.click('Resume');
    await shown.state('Live');
    await server.map.insert({ key: 'after', value: 1 });
    await shown.row('after').waitFor();
    expect(await shown.keys()).toEqual(['after']);
  });

  it('the console reconnects by itself within 20 seconds after the connection died silently', async () => {
    const server = await startWithConsole();
    const network = await networkTo(server.url);
    await server.map.insertMany(inputs('a'));
    const shown = await ConsolePage.loaded(await openPage(), network.url);
    network.swallow();
    const diedAt = performance.now();
    await server.map.insertMany(inputs('b'));
    await shown.row('b').waitFor();
    expect(performance.now() - diedAt).toBeLessThan(20_000);
  });

  it('the console shows every row once after a restart of a server with --data', async () => {
    await buildConsole();
    const data = temporaryDirectory();
    const first = await serveCli(['--port', '0', '--data', data]);
    await ask(first, InsertItemsDocument, { inputs: inputs('a', 'b', 'c') });
    // A proxy keeps the page's port, because the restarted server gets another one.
    const network = await networkTo(first.url);
    const shown = await ConsolePage.loaded(await openPage(), network.url);
    first.signal('SIGTERM');
    await first.exited;
    await shown.state('Connection lost');

    const second = await serveCli(['--port', '0', '--data', data]);
    await ask(second, InsertItemsDocument, { inputs: inputs('d', 'a') });
    await ask(second, RemoveItemDocument, { key: 'b' });
    network.mend(second.url);
    await shown.state('3 changes happened while the page was disconnected');
    expect(await shown.keys()).toEqual(['a', 'd', 'c']);
    await shown.seam('3 items at load').waitFor();
  });
});
