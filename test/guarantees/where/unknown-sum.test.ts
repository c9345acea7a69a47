import { expect, it } from 'vitest';
import { ItemChangesDocument } from '../../../schema/documents/graphql.ts';
import { overWebSocket } from '../../support/clients/clients.ts';
import { startServer } from '../../support/server/server.ts';

const ITEMS = 60_000;

it.each([
  ['the fan-out', true],
  ['generators', false],
])('G6 by %s, a mirror that resumes at the head is caught up only when its size is known', async (_name, fanOut) => {
  const server = await startServer({ maxItems: ITEMS, fanOut });
  for (let from = 0; from < ITEMS; from += 1000)
    await server.map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `k${from + n}`, value: { p: n } })));
  const after = server.map.replica.cursor(server.map.replica.head);
  const feed = overWebSocket.subscribe(server, ItemChangesDocument, {
    after,
    filter: { where: { path: '/p', gte: 500 } },
  });
  const messages = [];
  do messages.push((await feed.next())?.data?.itemChanges);
  while (messages.at(-1)?.caughtUp === false);
  expect(messages[0]).toMatchObject({ reset: false, caughtUp: false, cursor: after, follows: after, size: null });
  expect(messages.at(-1)).toMatchObject({ caughtUp: true, cursor: after, size: ITEMS / 2 });
});
