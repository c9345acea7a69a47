/** A link to PostgreSQL that swallows everything, without a word to either end. */
import { expect, it, vi } from 'vitest';
import { ItemsDocument } from '../../../schema/documents/graphql.ts';
import { overWebSocket } from '../../support/clients/clients.ts';
import { describeWithPostgres } from '../../support/engines/postgres.ts';
import { NodeProcess } from '../../support/processes/node-processes.ts';
import { networkTo } from '../../support/sockets/proxy.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 120_000 });

describeWithPostgres('a silent link', (start) => {
  it('a node that only looks for transactions replaces a connection on which no answer comes', async () => {
    const server = await start();
    const network = await networkTo(server.url);
    const node = await NodeProcess.start(server.flags(network.url));
    const feed = overWebSocket.subscribe(node, ItemsDocument, {});
    for (const key of ['before', 'after']) {
      await server.rows("select seamline.insert('seamline', $1, '1')", [key]);
      expect(await feed.next()).toMatchObject({ data: { items: { key } } });
      network.swallow();
    }
  });
});
