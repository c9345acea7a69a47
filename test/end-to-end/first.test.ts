import { expect, it } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { ask, overWebSocket } from '../support/clients.ts';
import { startServer } from '../support/server.ts';

it('delivers what is there and then what is inserted', async () => {
  const server = await startServer();
  await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
  const feed = overWebSocket.subscribe(server, ItemsDocument, { limit: 2 });
  expect((await feed.next())?.data?.items).toMatchObject({ key: 'a', value: 1 });
  await ask(server, InsertItemDocument, { input: { key: 'b', value: { text: 'β' } } });
  expect((await feed.next())?.data?.items).toMatchObject({ key: 'b', value: { text: 'β' } });
  expect(await feed.next()).toBeUndefined();
});
