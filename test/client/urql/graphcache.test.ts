import { gql } from '@urql/core';
import { cacheExchange, type Variables } from '@urql/exchange-graphcache';
import { describe, expect, it } from 'vitest';
import * as documents from '../../../schema/documents/graphql.ts';
import { graphcacheConfig } from '../../../src/client/urql/urql.ts';
import {
  cached,
  CHANGES,
  INSERT,
  INSERT_MANY,
  ITEM,
  ITEMS,
  openItem,
  openList,
  REMOVE,
  world,
} from '../../support/clients/graphcache.ts';
import { heldFetch, resultsOf } from '../../support/clients/urql.ts';
import { replaced } from '../../support/documents/replaced.ts';

describe('an item in Graphcache', () => {
  it('an item keeps the stream’s version when an older mutation result arrives later', async () => {
    const { client, insert } = await world();
    const view = openItem(client, 'a');
    await view.shows(undefined);
    const held = heldFetch();
    const answer = client.mutation(INSERT, { input: { key: 'a', value: 'mine' } }, { fetch: held.fetch }).toPromise();
    await held.answered;
    await insert('a', 'newer');
    resultsOf(client.subscription(CHANGES, {}));
    await view.shows('newer');
    held.release();
    expect((await answer).data).toMatchObject({ insertItem: { value: 'newer' } });
    expect(await cached(client, 'a')).toMatchObject({ value: 'newer' });
  });

  it('an item keeps the mutation’s version when an older item arrives later in the stream', async () => {
    const { client, insert } = await world();
    const { insertItem: older } = await insert('a', 'older');
    await client.mutation(INSERT, { input: { key: 'a', value: 'newer' } });
    await insert('b');
    const late = resultsOf(client.subscription(ITEMS, {}));
    await late.until(({ data }) => data.items.key === 'b');
    expect(await cached(client, 'a')).toMatchObject({ value: 'newer' });
    // The same with the result of a query to an older replica.
    const stale = { ...older, __typename: 'Item' };
    const fetch = () => Promise.resolve(Response.json({ data: { item: stale } }));
    await client.query(ITEM, { key: 'a' }, { requestPolicy: 'network-only', fetch });
    expect(await cached(client, 'a')).toMatchObject({ value: 'newer' });
  });

  it('an item is the newest version for any order of selected fields, and the last to arrive without a cursor', async () => {
    const { client } = await world();
    const set = (key: string, value: string, fields: string, cursor: string) => {
      const whole: Record<string, unknown> = { id: key, key, cursor, value, timestamp: value, expiresAt: null };
      const insertItem = Object.fromEntries(
        ['__typename', ...fields.split(' ')].map((field) => [field, whole[field] ?? null]),
      );
      insertItem['__typename'] = 'Item';
      const fetch = () => Promise.resolve(Response.json({ data: { insertItem } }));
      return client.mutation(
        gql(`mutation { insertItem(input: { key: "${key}", value: "" }) { ${fields} } }`),
        {},
        { fetch },
      );
    };
    for (const [key, fields] of [
      ['first', 'cursor value timestamp expiresAt key id'],
      ['last', 'id key expiresAt timestamp value cursor'],
    ] as const) {
      await set(key, 'new', fields, 'e-15');
      await set(key, 'old', fields, 'e-14');
      expect(await cached(client, key)).toMatchObject({ value: 'new', timestamp: 'new', cursor: 'e-15' });
      await set(key, 'other log', fields, 'd-11');
      expect(await cached(client, key)).toMatchObject({ value: 'other log', cursor: 'd-11' });
      await set(key, 'unknown', 'id value', 'e-14');
      expect(await cached(client, key)).toMatchObject({ value: 'unknown', cursor: 'd-11' });
    }
  });

  it('an item is the newest version also when two queries are answered in reverse order', async () => {
    const { client, insert } = await world();
    const view = openItem(client, 'a');
    await view.shows(undefined);
    const [first, second] = [heldFetch(), heldFetch()];
    const options = (held: { fetch: typeof fetch }) => ({ requestPolicy: 'network-only' as const, fetch: held.fetch });
    await insert('a', 'older');
    const later = gql(replaced(String(documents.ItemDocument), 'query Item', 'query Later'));
    // The first query is answered last, with a newer item, and Graphcache puts its layer below the other.
    first.holdBack();
    const firstAnswer = client.query(ITEM, { key: 'a' }, options(first)).toPromise();
    const secondAnswer = client.query(later, { key: 'a' }, options(second)).toPromise();
    await second.answered;
    second.release();
    await secondAnswer;
    await insert('a', 'newer');
    first.send();
    await first.answered;
    first.release();
    await firstAnswer;
    await view.shows('newer');
    expect(await cached(client, 'a')).toMatchObject({ value: 'newer' });
  });

  it('an item shows an optimistic value until the mutation returns, and its old value after an error', async () => {
    const insertItem = ({ input }: Variables) => {
      const { key, value } = input as { key: string; value: string };
      return { __typename: 'Item', id: key, key, value, timestamp: '', expiresAt: null, cursor: '' };
    };
    const { client, insert } = await world([cacheExchange({ ...graphcacheConfig(), optimistic: { insertItem } })]);
    await insert('a', 'old');
    const view = openItem(client, 'a');
    await view.shows('old');
    for (const [ifAbsent, value] of [
      [true, 'old'],
      [false, 'mine'],
    ] as const) {
      const held = heldFetch();
      const input = { key: 'a', value: 'mine', ifAbsent };
      const answer = client.mutation(INSERT, { input }, { fetch: held.fetch }).toPromise();
      await view.shows('mine');
      held.release();
      expect((await answer).error !== undefined).toBe(ifAbsent);
      expect(await cached(client, 'a')).toMatchObject({ value });
    }
  });

  it('a removed item is restored by a newer insertion, and not by an older result that arrives later', async () => {
    const { client, insert, remove } = await world();
    await insert('b');
    resultsOf(client.subscription(CHANGES, {}));
    const [list, view] = [openList(client), openItem(client, 'a')];
    await list.shows(['b', 1]);
    await view.shows(undefined);
    const held = heldFetch();
    const answer = client.mutation(INSERT, { input: { key: 'a', value: 'mine' } }, { fetch: held.fetch }).toPromise();
    await view.shows('mine');
    await list.shows(['b', 1], ['a', 'mine']);
    await remove('a');
    await view.shows(undefined);
    await list.shows(['b', 1]);
    await held.answered;
    held.release();
    expect((await answer).data).toMatchObject({ insertItem: { key: 'a', value: 'mine' } });
    expect(await cached(client, 'a')).toBeNull();
    await insert('c');
    await list.shows(['b', 1], ['c', 1]);
    await insert('a', 'again');
    await view.shows('again');
    await list.shows(['b', 1], ['c', 1], ['a', 'again']);
  });

  it('an item stays when an older removal arrives after a newer insertion', async () => {
    const { client, insert } = await world();
    await insert('a', 'older');
    const list = openList(client);
    await list.shows(['a', 'older']);
    const held = heldFetch();
    const answer = client.mutation(REMOVE, { key: 'a' }, { fetch: held.fetch }).toPromise();
    await held.answered;
    await insert('a', 'newer');
    resultsOf(client.subscription(ITEMS, {}));
    await list.shows(['a', 'newer']);
    held.release();
    await answer;
    expect(await cached(client, 'a')).toMatchObject({ value: 'newer' });
  });

  it('without a subscription, an item appears in open lists by its insertion and leaves them by its removal', async () => {
    const { client, insert } = await world();
    await insert('a');
    const list = openList(client);
    await list.shows(['a', 1]);
    await client.mutation(INSERT_MANY, {
      inputs: [
        { key: 'b', value: 2 },
        { key: 'c', value: 3 },
      ],
    });
    await list.shows(['a', 1], ['b', 2], ['c', 3]);
    await client.mutation(REMOVE, { key: 'b' });
    await list.shows(['a', 1], ['c', 3]);
    await client.mutation(INSERT, { input: { key: 'a', value: 4 } });
    await list.shows(['c', 3], ['a', 4]);
  });
});
