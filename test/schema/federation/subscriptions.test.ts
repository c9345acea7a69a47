/** Subscriptions of a schema that has a union: a selection may name the union instead of the type. */
import { describe, expect, it } from 'vitest';
import { transports } from '../../support/clients/clients.ts';
import { startServer } from '../../support/server/server.ts';

const ITEMS = `subscription { items(limit: 1) { ... on _Entity { ... on Item { key value } } ...Entity cursor } }
  fragment Entity on _Entity { __typename ... on Item { id } }`;
const CHANGES = `subscription { itemChanges { upserted { ... on _Entity { __typename ... on Item { key } } } } }`;

describe.each([true, false])('with fan-out: %s', (fanOut) => {
  it.each(transports)('a subscription over $name answers fragments on the union of entities', async (over) => {
    const server = await startServer({ federation: true, fanOut });
    const [item] = await server.map.insertMany([{ key: 'a', value: 1 }]);
    expect(await over.subscribe(server, ITEMS).next()).toEqual({
      data: { items: { key: 'a', value: 1, __typename: 'Item', id: 'a', cursor: item?.cursor } },
    });
    expect(await over.subscribe(server, CHANGES).next()).toEqual({
      data: { itemChanges: { upserted: [{ __typename: 'Item', key: 'a' }] } },
    });
  });
});
