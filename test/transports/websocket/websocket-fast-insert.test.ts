import { describe, expect, it } from 'vitest';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { connect, type Message, type RawSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key value } }';

const insertion = (id: string, key: string, more: object = {}): Message => ({
  id,
  type: 'subscribe',
  payload: { query: INSERT, variables: { input: { key, value: { n: 1 }, ...more } } },
});
const answer = (id: string, key: string): object[] => [
  { id, type: 'next', payload: { data: { insertItem: { key, value: { n: 1 } } } } },
  { id, type: 'complete' },
];

async function nextOf(socket: RawSocket, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  while (messages.length < count) messages.push(await socket.next());
  return messages;
}

/** A socket on which the document has been executed before, and the log below. */
async function warm(): Promise<{ socket: RawSocket; held: HeldLog }> {
  const held = new HeldLog(memoryLog());
  const socket = await connect(await startServer({ log: held }));
  socket.send(insertion('warm', 'warm'));
  expect(await nextOf(socket, 2)).toEqual(answer('warm', 'warm'));
  return { socket, held };
}

describe('an insertion over WebSocket whose document is known', () => {
  it('a fast insertion is answered and completed, and its id is free again', async () => {
    const { socket } = await warm();
    for (const key of ['a', 'b']) {
      socket.send(insertion('1', key));
      expect(await nextOf(socket, 2)).toEqual(answer('1', key));
    }
  });

  it.each<[string, object, string]>([
    ['an empty key', { key: '' }, 'BAD_USER_INPUT'],
    ['a conflict', { key: 'warm', ifAbsent: true }, 'CONFLICT'],
  ])('a fast insertion fails as the plain one does: %s', async (_name, more, code) => {
    const first = await connect(await startServer());
    const { socket } = await warm();
    if (code === 'CONFLICT') first.send(insertion('0', 'warm'));
    if (code === 'CONFLICT') await nextOf(first, 2);
    for (const each of [first, socket]) each.send(insertion('1', 'a', more));
    const [expected, told] = [await first.next(), await socket.next()];
    expect(told).toMatchObject({ id: '1', payload: { errors: [{ path: ['insertItem'], extensions: { code } }] } });
    const withoutCursors = (message: unknown): string => JSON.stringify(message).replace(/"cursor":"[^"]+"/, '');
    expect(withoutCursors(told)).toBe(withoutCursors(expected));
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    socket.send(insertion('1', 'b'));
    expect(await nextOf(socket, 2)).toEqual(answer('1', 'b'));
  });

  it('a fast insertion holds its id until it is answered: another operation of that id closes with 4409', async () => {
    const { socket, held } = await warm();
    held.hold();
    socket.send(insertion('1', 'a'));
    socket.send(insertion('1', 'b'));
    expect(await socket.closed).toMatchObject({ code: 4409 });
    held.release();
  });

  it('a fast insertion under the id of a subscription closes with 4409', async () => {
    const { socket } = await warm();
    socket.send(subscribeMessage('1', 'subscription { items { key } }'));
    expect(await socket.next()).toMatchObject({ type: 'next', id: '1' });
    socket.send(insertion('1', 'a'));
    expect(await socket.closed).toMatchObject({ code: 4409 });
  });

  it('a fast insertion that the client has completed is not answered, and inserts all the same', async () => {
    const { socket, held } = await warm();
    held.hold();
    socket.send(insertion('1', 'a'));
    socket.send({ id: '1', type: 'complete' });
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
    held.release();
    socket.send(subscribeMessage('2', '{ item(key: "a") { key } }'));
    expect(await socket.next()).toEqual({ id: '2', type: 'next', payload: { data: { item: { key: 'a' } } } });
  });

  it('a completed fast insertion is not answered under its id’s new operation', async () => {
    const { socket, held } = await warm();
    held.hold();
    socket.send(insertion('1', 'a'));
    socket.send({ id: '1', type: 'complete' });
    socket.send(insertion('1', 'b'));
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
    held.release();
    expect(await nextOf(socket, 2)).toEqual(answer('1', 'b'));
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
  });
});
