import { describe, expect, it, vi } from 'vitest';
import {
  InsertItemDocument,
  ItemChangesDocument,
  ItemsDocument,
  StreamDocument,
} from '../../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { overClient, overWebSocket, webSocketClient } from '../../support/clients/clients.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const KEYS = 'subscription { items { key } }';

const insert = async (server: SeamlineServer, ...keys: string[]): Promise<void> => {
  for (const key of keys) await server.map.insert({ key, value: key });
};

const nextOf = (id: string, key: string): object => ({ type: 'next', id, payload: { data: { items: { key } } } });

describe('an error of one operation over WebSocket', () => {
  it.each<[string, object, string]>([
    ['a syntax error', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['a validation error', { query: 'subscription { nope }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['a wrong argument', { query: 'subscription { items(limit: -1) { key } }' }, 'BAD_USER_INPUT'],
    ['what is no cursor', { query: 'subscription { items(after: "") { key } }' }, 'BAD_USER_INPUT'],
    ['extensions.after that is no cursor', { query: KEYS, extensions: { after: 'x' } }, 'BAD_USER_INPUT'],
    [
      'a variable that doesn’t coerce',
      { query: 'subscription ($limit: Int) { items(limit: $limit) { key } }', variables: { limit: 'x' } },
      'BAD_USER_INPUT',
    ],
    ['an unknown operationName', { query: KEYS, operationName: 'Nope' }, 'BAD_USER_INPUT'],
    ['an unclear operation', { query: 'query A { __typename } query B { __typename }' }, 'BAD_USER_INPUT'],
  ])('is an error message, and the others live on: %s', async (_name, payload, code) => {
    const server = await startServer();
    const socket = await connect(server);
    socket.send(subscribeMessage('other', KEYS));
    socket.send({ type: 'subscribe', id: 'wrong', payload });
    expect(await socket.next()).toMatchObject({ type: 'error', id: 'wrong', payload: [{ extensions: { code } }] });
    await insert(server, 'a');
    expect(await socket.next()).toEqual(nextOf('other', 'a'));
    // The id is free again.
    socket.send(subscribeMessage('wrong', KEYS));
    expect(await socket.next()).toEqual(nextOf('wrong', 'a'));
  });

  it('an error over WebSocket is that of graphql-js, with locations, and without HTTP', async () => {
    const server = await startServer();
    const socket = await connect(server);
    socket.send(subscribeMessage('1', '{ nope }'));
    const { payload } = (await socket.next()) ?? {};
    expect(payload).toEqual([
      {
        message: expect.stringContaining('"nope"') as string,
        locations: [{ line: 1, column: 3 }],
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  });

  it('a cursor of another log gets CURSOR_EXPIRED before anything is delivered (G4)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const other = await startServer();
    await insert(other, 'a');
    const after = other.map.get('a')?.cursor;
    const feed = overWebSocket.subscribe(server, String(ItemsDocument), { after });
    expect(await feed.next()).toMatchObject({ errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] });
    expect(await feed.next()).toBeUndefined();
  });

  it('LAGGED has the number of missed changes and the cursor to resume from (G5)', async () => {
    const server = await startServer({ window: 2 });
    await insert(server, 'a');
    const after = server.map.get('a')?.cursor;
    await insert(server, 'b', 'c', 'd', 'e');
    const feed = overWebSocket.subscribe(server, String(ItemsDocument), { after, onLag: 'FAIL' });
    expect((await feed.next())?.errors?.[0]?.extensions).toEqual({ code: 'LAGGED', missed: 2, cursor: after });
    expect(await feed.next()).toBeUndefined();
  });

  it('an internal error over WebSocket is hidden from the client, and logged', async () => {
    const error = vi.fn<(fields: object, line: string) => void>();
    const server = await startServer({ logger: { info: () => {}, warn: () => {}, error } });
    vi.spyOn(server.map, 'prepared').mockReturnValue({ bytes: 0, run: () => Promise.reject(new Error('the secret')) });
    const socket = await connect(server);
    const variables = { input: { key: 'a', value: 1 } };
    socket.send(subscribeMessage('1', String(InsertItemDocument), { variables }));
    const message = await socket.next();
    expect(message).toMatchObject({
      type: 'next',
      payload: { errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    });
    expect(JSON.stringify(message)).not.toMatch(/secret|\.ts|http/);
    expect(error.mock.calls.join('\n')).toContain('the secret');
  });

  it('a subscription that throws inside gets INTERNAL_SERVER_ERROR', async () => {
    const error = vi.fn<(fields: object, line: string) => void>();
    const server = await startServer({ logger: { info: () => {}, warn: () => {}, error } });
    vi.spyOn(server.map, 'itemsRequest').mockImplementation(() => {
      throw new Error('the secret');
    });
    const socket = await connect(server);
    socket.send(subscribeMessage('1', KEYS));
    const message = await socket.next();
    expect(message).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(JSON.stringify(message)).not.toMatch(/secret|\.ts/);
    expect(error.mock.calls.join('\n')).toContain('the secret');
  });
});

describe('operations over WebSocket', () => {
  it('queries and mutations over WebSocket complete', async () => {
    const server = await startServer();
    const client = webSocketClient(server);
    const variables = { input: { key: 'a', value: { text: 'ä' } } };
    const mutation = overClient(client, { query: String(InsertItemDocument), variables });
    expect(await mutation.next()).toMatchObject({ data: { insertItem: { key: 'a', value: { text: 'ä' } } } });
    expect(await mutation.next()).toBeUndefined();
    const query = overClient(client, { query: String(StreamDocument) });
    expect(await query.next()).toMatchObject({ data: { stream: { size: 1 } } });
    expect(await query.next()).toBeUndefined();
  });

  it('a refused mutation over WebSocket is answered with its code and data', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const cursor = server.map.get('a')?.cursor;
    const query = 'mutation { insertItem(input: { key: "a", value: 1, ifAbsent: true }) { key } }';
    const feed = overClient(webSocketClient(server), { query });
    expect((await feed.next())?.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', index: 0, cursor });
  });

  it('the operation that operationName names runs over WebSocket', async () => {
    const server = await startServer();
    const socket = await connect(server);
    const query = 'query A { a: __typename } query B { b: __typename }';
    socket.send(subscribeMessage('1', query, { operationName: 'B' }));
    expect(await socket.next()).toEqual({ type: 'next', id: '1', payload: { data: { b: 'Query' } } });
    expect(await socket.next()).toEqual({ type: 'complete', id: '1' });
  });

  it('a subscription over WebSocket completes after its limit, and the others continue (G8, G9)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const socket = await connect(server);
    socket.send(subscribeMessage('1', 'subscription { items(limit: 1) { key } }'));
    expect(await socket.next()).toEqual(nextOf('1', 'a'));
    expect(await socket.next()).toEqual({ type: 'complete', id: '1' });
    socket.send(subscribeMessage('2', KEYS));
    expect(await socket.next()).toEqual(nextOf('2', 'a'));
  });

  it('subscriptions are released at once when the client completes them, also while they wait (G10)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const socket = await connect(server);
    socket.send(subscribeMessage('1', KEYS));
    await socket.next();
    expect(server.map.subscriptions).toBe(1);
    socket.send({ type: 'complete', id: '1' });
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });

  it('extensions.after resumes over WebSocket, and takes precedence over the argument (G4)', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b', 'c');
    const [a, b] = ['a', 'b'].map((key) => server.map.get(key)?.cursor);
    const first = async (variables: object, extensions?: object): Promise<unknown> => {
      const feed = overWebSocket.subscribe(server, String(ItemsDocument), variables, { ...extensions });
      const result = await feed.next();
      await feed.leave();
      return result?.data;
    };
    expect(await first({ after: a })).toMatchObject({ items: { key: 'b' } });
    expect(await first({ after: a }, { after: b })).toMatchObject({ items: { key: 'c' } });
    expect(await first({}, { after: a })).toMatchObject({ items: { key: 'b' } });
  });

  it('each result over WebSocket has extensions.cursor when the message asks for cursors', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b');
    const feed = overWebSocket.subscribe(server, ItemsDocument, {}, { cursors: true });
    for (const { data, extensions } of await feed.take(2)) expect(extensions).toEqual({ cursor: data?.items.cursor });
    const mirror = overWebSocket.subscribe(server, ItemChangesDocument, {}, { cursors: true });
    const first = await mirror.next();
    expect(first?.extensions).toEqual({ cursor: first?.data?.itemChanges.cursor });
    const plain = await overWebSocket.subscribe(server, ItemsDocument).next();
    expect(plain).not.toHaveProperty('extensions');
  });

  it('queries and mutations over WebSocket have cursors as well', async () => {
    const server = await startServer();
    const client = webSocketClient(server);
    const extensions = { cursors: true };
    const variables = { input: { key: 'a', value: 1 } };
    const inserted = await overClient(client, { query: String(InsertItemDocument), variables, extensions }).next();
    const cursor = server.map.get('a')?.cursor;
    expect(inserted?.extensions).toEqual({ cursor });
    expect((await overClient(client, { query: String(StreamDocument), extensions }).next())?.extensions).toEqual({
      cursor,
    });
  });

  it('introspection over WebSocket is refused when it is off', async () => {
    const server = await startServer({ introspection: false });
    const socket = await connect(server);
    socket.send(subscribeMessage('1', '{ __type(name: "Item") { name } }'));
    expect(await socket.next()).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });
});
