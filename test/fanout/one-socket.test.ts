import { Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { type Message, subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { startServer } from '../support/server/server.ts';
import { subscribed } from '../support/model/twins.ts';
import { WireSocket } from '../support/sockets/wire-socket.ts';

const KEYS = 'subscription { items { key } }';

const insert = (server: SeamlineServer, ...keys: readonly string[]) =>
  server.map.insertMany(keys.map((key) => ({ key, value: `value of ${key}` })));

/** The keys that `next` messages bring, whatever the field is called. */
const keysOf = (messages: readonly Message[]): unknown[] =>
  messages
    .filter(({ type }) => type === 'next')
    .map(({ payload }) => Object.values((payload as { data: Record<string, { key: string }> }).data)[0]?.key);

/** What `complete` and everything else is not. */
const nexts = (socket: WireSocket, id: string): number => socket.of(id).filter(({ type }) => type === 'next').length;

const IDS = [
  '1',
  '22',
  '333',
  'ä',
  '😀',
  'a"b\\c\n',
  '\u2028',
  '\ud800',
  '","type":"complete',
  'x'.repeat(300),
  'ÿ'.repeat(70),
];

it('G1 each of several subscriptions of a socket gets its own results, for any id, selection and filter', async () => {
  const server = await startServer();
  await insert(server, 'a1', 'b1');
  const socket = await WireSocket.open(server);
  const documents: readonly (readonly [query: string, resultOf: (key: string) => unknown, prefix: string])[] = [
    [KEYS, (key) => ({ items: { key } }), ''],
    ['subscription { items { value key } }', (key) => ({ items: { value: `value of ${key}`, key } }), ''],
    ['subscription { other: items { id } }', (key) => ({ other: { id: key } }), ''],
    ['subscription { items(filter: { keyPrefix: "a" }) { key } }', (key) => ({ items: { key } }), 'a'],
    ['subscription { items(filter: { keyPrefix: "b" }) { key } }', (key) => ({ items: { key } }), 'b'],
  ];
  const asked = IDS.flatMap((id) =>
    documents.map(([query, resultOf, prefix], n) => ({ id: `${id}${n}`, query, resultOf, prefix })),
  );
  socket.send(...asked.map(({ id, query }) => subscribeMessage(id, query)));
  await subscribed(server, asked.length);
  await insert(server, 'a2', 'b2', 'ä3');
  await insert(server, 'a4');
  const due = (prefix: string): string[] =>
    ['a1', 'b1', 'a2', 'b2', 'ä3', 'a4'].filter((key) => key.startsWith(prefix));
  await socket.until(() => asked.every(({ id, prefix }) => nexts(socket, id) >= due(prefix).length));
  await socket.fence();
  for (const { id, resultOf, prefix } of asked) {
    expect(socket.of(id)).toEqual(due(prefix).map((key) => ({ type: 'next', id, payload: { data: resultOf(key) } })));
  }
});

it('G1 each subscription of one document gets what its variables, its operation and its extensions select', async () => {
  const server = await startServer();
  await insert(server, 'a');
  const socket = await WireSocket.open(server);
  const query = `
    subscription One($with: Boolean = true, $prefix: String) { items(filter: { keyPrefix: $prefix }) { key id @include(if: $with) } }
    subscription Two($with: Boolean!) { items { key ...F @skip(if: $with) } }
    fragment F on Item { value }`;
  const cursor = server.map.get('a')?.cursor;
  const asked: readonly (readonly [rest: object, payload: object | undefined])[] = [
    [{ operationName: 'One' }, { data: { items: { key: 'a', id: 'a' } } }],
    [{ operationName: 'One', variables: { with: true } }, { data: { items: { key: 'a', id: 'a' } } }],
    [{ operationName: 'One', variables: { with: false } }, { data: { items: { key: 'a' } } }],
    [{ operationName: 'One', variables: { with: false, prefix: 'a' } }, { data: { items: { key: 'a' } } }],
    [{ operationName: 'One', variables: { prefix: 'b' } }, undefined],
    [{ operationName: 'Two', variables: { with: false } }, { data: { items: { key: 'a', value: 'value of a' } } }],
    [{ operationName: 'Two', variables: { with: true } }, { data: { items: { key: 'a' } } }],
    [
      { operationName: 'Two', variables: { with: true }, extensions: { cursors: true, left: true } },
      { data: { items: { key: 'a' } }, extensions: { cursor } },
    ],
    [
      { operationName: 'Two', variables: { with: true }, extensions: { cursors: true, left: true, limit: 9 } },
      { data: { items: { key: 'a' } }, extensions: { cursor, left: 8 } },
    ],
    [
      { operationName: 'Two', variables: { with: true }, extensions: { cursors: true, limit: 9 } },
      { data: { items: { key: 'a' } }, extensions: { cursor } },
    ],
    [{ operationName: 'Two', variables: { with: true }, extensions: { after: cursor } }, undefined],
  ];
  socket.send(...asked.map(([rest], n) => subscribeMessage(`id ${n}`, query, rest)));
  await subscribed(server, asked.length);
  await vi.waitFor(() => expect(socket.messages).toHaveLength(asked.filter(([, payload]) => payload).length), {
    timeout: 20_000,
  });
  for (const [n, [, payload]] of asked.entries())
    expect(socket.of(`id ${n}`).map((message) => message.payload)).toEqual(payload ? [payload] : []);
});

it.each([
  ['first', [{}, { b: null }]],
  ['last', [{ b: null }, {}]],
])(
  'a subscription with null for a condition shares nothing with those that leave it to the default, when it comes %s',
  async (_name, all) => {
    const server = await startServer();
    const socket = await WireSocket.open(server);
    const query = 'subscription ($b: Boolean = true) { items { key id @include(if: $b) } }';
    for (const [n, variables] of all.entries()) {
      socket.send(subscribeMessage(`${n}`, query, { variables }));
      await subscribed(server, n + 1);
    }
    await insert(server, 'a');
    await socket.until(({ messages }) => messages.length === 2);
    for (const [n, { b }] of all.entries()) {
      const [message] = socket.of(`${n}`);
      if (b === null) expect(message?.payload).toMatchObject({ data: null, errors: [{}] });
      else expect(message?.payload).toEqual({ data: { items: { key: 'a', id: 'a' } } });
    }
  },
);

it('an id may be reused again and again after `complete`', async () => {
  const server = await startServer();
  await insert(server, 'a');
  const socket = await WireSocket.open(server);
  for (let n = 0; n < 20; n++) {
    socket.send(subscribeMessage('1', KEYS));
    await socket.until(({ messages }) => messages.length > 0);
    expect(keysOf(socket.messages.splice(0))).toEqual(['a']);
    socket.send({ type: 'complete', id: '1' });
    await socket.fence();
    socket.messages.length = 0;
  }
  await subscribed(server, 0);
  socket.send(subscribeMessage('1', KEYS), { type: 'complete', id: '1' }, subscribeMessage('2', KEYS));
  await socket.until(() => nexts(socket, '2') === 1);
  await subscribed(server, 1);
});

it('insertions of one iteration of the event loop arrive in one write for all subscriptions of a socket', async () => {
  const server = await startServer();
  const socket = await WireSocket.open(server);
  const ids = ['1', 'two', 'drei'];
  socket.send(...ids.map((id) => subscribeMessage(id, KEYS)));
  socket.send(subscribeMessage('changes', 'subscription { itemChanges { upserted { key } } }'));
  await subscribed(server, 4);
  // The first message of the mirror, which is empty.
  await socket.until(() => nexts(socket, 'changes') === 1);
  const write = vi.spyOn(Socket.prototype, 'write');
  // On a busy machine the time of one turn could end between two subscriptions.
  const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  onTestFinished(() => [write, now].forEach((spy) => spy.mockRestore()));
  const inserted = [insert(server, 'a', 'b'), insert(server, 'c'), insert(server, 'd')];
  await Promise.all(inserted);
  await socket.until(() => ids.every((id) => nexts(socket, id) === 4) && nexts(socket, 'changes') === 2);
  expect(write.mock.contexts.filter((end) => end === socket.remote)).toHaveLength(1);
  for (const id of ids) expect(keysOf(socket.of(id))).toEqual(['a', 'b', 'c', 'd']);
});

it('G9 G10 `complete` of one subscription, by either side, leaves the others', async () => {
  const server = await startServer();
  const socket = await WireSocket.open(server);
  socket.send(
    subscribeMessage('stays', KEYS),
    subscribeMessage('leaves', KEYS),
    subscribeMessage('ends', 'subscription { items(limit: 1) { key } }'),
    subscribeMessage('fails', KEYS, { extensions: { after: 'x' } }),
  );
  await subscribed(server, 3);
  socket.send({ type: 'complete', id: 'leaves' });
  await subscribed(server, 2);
  await insert(server, 'a');
  await subscribed(server, 1);
  await insert(server, 'b');
  await socket.until(() => nexts(socket, 'stays') === 2);
  await socket.fence();
  expect(keysOf(socket.of('stays'))).toEqual(['a', 'b']);
  expect(socket.of('leaves')).toEqual([]);
  expect(socket.of('ends').map(({ type }) => type)).toEqual(['next', 'complete']);
  expect(socket.of('fails').map(({ type }) => type)).toEqual(['error']);
});

it('G10 a subscription that ends while its snapshot is sent gets nothing more, and the others of its socket get theirs', async () => {
  const server = await startServer();
  for (let n = 0; n < 20; n++) await insert(server, ...Array.from({ length: 1000 }, (_, m) => `k${n * 1000 + m}`));
  const socket = await WireSocket.open(server);
  const other = 'subscription { items { cursor key } }';
  socket.send(subscribeMessage('leaves', KEYS), subscribeMessage('stays', other));
  await socket.until(() => nexts(socket, 'leaves') > 0);
  socket.send({ type: 'complete', id: 'leaves' });
  await subscribed(server, 1);
  await socket.fence();
  const got = nexts(socket, 'leaves');
  expect(got).toBeLessThan(20_000);
  await insert(server, 'new');
  await socket.until(() => nexts(socket, 'stays') === 20_001);
  expect(nexts(socket, 'leaves')).toBe(got);
  expect(socket.of('leaves').every(({ type }) => type === 'next')).toBe(true);
});
