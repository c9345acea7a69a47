import { gql } from '@apollo/client';
import { describe, expect, it } from 'vitest';
import { InsertItemDocument } from '../../../schema/documents/graphql.ts';
import {
  answer,
  arrive,
  cacheWorld as world,
  CHANGES,
  has,
  INSERT,
  ITEM,
  ITEMS,
  message,
  REMOVE,
  shown,
  valueOf,
  watch,
} from '../../support/clients/apollo.ts';
import { ask } from '../../support/clients/clients.ts';
import { startServer } from '../../support/server/server.ts';

describe('typePolicies', () => {
  it.each(['before', 'after'])('typePolicies keep the newer item when an older result arrives %s it', async (when) => {
    const { client, insert } = await world();
    const older = await insert('a', { old: true });
    const newer = await insert('a', { new: true });
    const writes = [() => answer(client, INSERT, { insertItem: older }), () => arrive(client, ITEMS, { items: newer })];
    for (const write of when === 'before' ? writes : writes.toReversed()) write();
    // The value is replaced, not merged field by field.
    expect(valueOf(client, 'a')).toEqual({ new: true });
    expect(client.cache.identify({ __typename: 'Item', key: 'a', cursor: older?.cursor ?? '' })).toBe('Item:a');
  });

  it.each(['before', 'after'])(
    'typePolicies keep the newer item in the lists of a message when an older item arrives %s',
    async (when) => {
      const { client, insert } = await world();
      const older = await insert('a', 1);
      const newer = await insert('a', 2);
      const writes = [
        () => arrive(client, CHANGES, message({ upserted: [older] })),
        () => answer(client, INSERT, { insertItem: newer }),
      ];
      for (const write of when === 'before' ? writes : writes.toReversed()) write();
      expect(valueOf(client, 'a')).toBe(2);
    },
  );

  it('an item of another epoch replaces the cached one, because it is the current one', async () => {
    const { client, insert } = await world();
    const first = await insert('a', 1);
    const other = await startServer();
    const { insertItem } = await ask(other, InsertItemDocument, { input: { key: 'a', value: 2 } });
    const second = { __typename: 'Item', ...insertItem };
    for (const [items, value] of [
      [first, 1],
      [second, 2],
      [first, 1],
    ] as const) {
      arrive(client, ITEMS, { items });
      expect(valueOf(client, 'a')).toBe(value);
    }
  });

  it('the last result to arrive wins when no cursor is selected', async () => {
    const { client } = await world();
    const query = gql('subscription { items { id value } }');
    for (const value of [2, 1]) {
      client.cache.write({
        query,
        dataId: 'ROOT_SUBSCRIPTION',
        result: { items: { __typename: 'Item', id: 'a', value } },
      });
    }
    const item = { __typename: 'Item', id: 'a' };
    expect(
      client.readFragment({ id: client.cache.identify(item) ?? '', fragment: gql('fragment F on Item { value }') }),
    ).toMatchObject({ value: 1 });
  });

  it('a removed item is restored by a newer insertion, and not by an older one that arrives later', async () => {
    const { client, insert, remove, page } = await world();
    const older = await insert('a', 1);
    await insert('b');
    const list = watch(page());
    await list.until(has('a', 'b'));
    const item = watch(client.watchQuery({ query: ITEM, variables: { key: 'a' } }));
    await item.until(({ data }) => data?.item?.value === 1);

    const removed = await remove('a');
    arrive(client, CHANGES, message({ removed: [removed] }));
    await list.until(has('b'));
    await item.until(({ data }) => data?.item === null);
    answer(client, INSERT, { insertItem: older });
    expect(client.readQuery({ query: ITEM, variables: { key: 'a' } })).toEqual({ item: null });
    expect(shown(client)).toEqual(['b']);

    const newer = await insert('a', 2);
    arrive(client, CHANGES, message({ upserted: [newer] }));
    await item.until(({ data }) => data?.item?.value === 2);
    arrive(client, CHANGES, message({ removed: [removed] }));
    expect(valueOf(client, 'a')).toBe(2);

    arrive(client, CHANGES, message({ removed: [await remove('a')] }));
    arrive(client, CHANGES, message({ removed: [removed] }));
    answer(client, INSERT, { insertItem: newer });
    expect(client.readQuery({ query: ITEM, variables: { key: 'a' } })).toEqual({ item: null });
  });

  it('a removal by a mutation evicts the item unless the cached item is newer', async () => {
    const { client, insert, remove, page } = await world();
    await insert('a');
    await insert('b');
    const list = watch(page());
    await list.until(has('a', 'b'));
    await client.mutate({ mutation: REMOVE, variables: { key: 'a' } });
    await list.until(has('b'));
    expect(client.readQuery({ query: ITEM, variables: { key: 'a' } })).toEqual({ item: null });
    const late = await remove('b');
    arrive(client, ITEMS, { items: await insert('b', 2) });
    answer(client, REMOVE, { removeItem: late });
    expect(valueOf(client, 'b')).toBe(2);
  });

  it('Query.item finds a cached item by its key, even if another operation brought it', async () => {
    const { client, insert } = await world();
    await client.mutate({ mutation: INSERT, variables: { input: { key: 'a', value: 1 } } });
    const { data } = await client.query({ query: ITEM, variables: { key: 'a' }, fetchPolicy: 'cache-only' });
    expect(data?.item?.value).toBe(1);
    const asked = await client.query({ query: ITEM, variables: { key: 'b' } });
    expect(asked.data?.item).toBeNull();
    arrive(client, ITEMS, { items: await insert('b', 2) });
    expect(valueOf(client, 'b')).toBe(2);
  });

  it('Query.item stays null after a result of null', async () => {
    const { client, insert, remove } = await world();
    const variables = { key: 'a' };
    await insert('a', 1);
    await client.query({ query: ITEM, variables });
    await remove('a');
    const { data } = await client.query({ query: ITEM, variables, fetchPolicy: 'network-only' });
    expect(data?.item).toBeNull();
  });

  it('a reset evicts the items and removals that its filter selects', async () => {
    const { client, insert, remove } = await world();
    const [a, b, c] = [await insert('a'), await insert('b'), await insert('c')];
    const removed = await remove('c');
    arrive(client, CHANGES, message({ upserted: [a, b], removed: [removed] }));
    client.cache.write({
      query: CHANGES,
      dataId: 'ROOT_SUBSCRIPTION',
      variables: { filter: { keys: ['a', 'c'] } },
      result: message({ reset: true }),
    });
    answer(client, INSERT, { insertItem: c });
    expect(['a', 'b', 'c'].map((key) => valueOf(client, key))).toEqual([undefined, 'b', 'c']);
  });
});
