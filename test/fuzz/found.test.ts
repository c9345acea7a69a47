/** What fuzzing has found, each by itself. */
import { describe, expect, it, vi } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { request } from '../support/clients/clients.ts';
import { assertDiscreet, assertErrors } from '../support/fuzz/answers.ts';
import { converse } from '../support/fuzz/connection.ts';
import { connect, type Message, type RawSocket, subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { startServer } from '../support/server/server.ts';

const KEYS = 'subscription { items { key } }';

const complete = (id: string): Message => ({ type: 'complete', id });

/** Resolves when everything sent so far has been answered, or the socket has closed. */
async function settle(socket: RawSocket): Promise<void> {
  socket.send(subscribeMessage('fence', '{ stream { size } }'));
  for (;;) {
    const message = await socket.next();
    if (!message || message.id === 'fence') return;
  }
}

it.each(['next', 'error', 'connection_ack'])(
  'closes a WebSocket with 4400 after `%s`, which only servers say',
  async (type) => {
    const errors: string[] = [];
    const log = (_fields: object, text: string): void => void errors.push(text);
    const server = await startServer({ logger: { info: () => {}, warn: () => {}, error: log } });
    const socket = await connect(server);
    socket.send({ type, id: '1', payload: type === 'error' ? [{ message: 'x' }] : {} });
    expect(await socket.closed).toMatchObject({ code: 4400 });
    expect(errors).toEqual([]);
  },
);

it('a ping whose payload is nested 20,000 deep is answered, and the operations that follow', async () => {
  const socket = await connect(await startServer());
  socket.send(`{"type":"ping","payload":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`);
  expect(await socket.next()).toMatchObject({ type: 'pong' });
  socket.send(subscribeMessage('1', '{ stream { size } }'));
  expect(await socket.next()).toMatchObject({ type: 'next', id: '1' });
});

it('a WebSocket is closed with 4409 also when the id that is used twice is long', async () => {
  const socket = await connect(await startServer());
  for (let times = 0; times < 2; times++) socket.send(subscribeMessage('💥'.repeat(200), KEYS));
  expect(await socket.closed).toMatchObject({ code: 4409 });
});

describe('G10 releases every subscription of a socket that has closed, when an id was used again', () => {
  const subscribe = subscribeMessage('1', KEYS);
  const wrong = subscribeMessage('1', 'subscription { items { nope } }');

  it.each<[string, Message[]]>([
    ['right after its complete', [subscribe, complete('1'), subscribe]],
    ['and completed again', [subscribe, complete('1'), subscribe, complete('1')]],
    ['by a document that is refused', [subscribe, complete('1'), wrong]],
    ['by a query', [subscribeMessage('1', '{ stream { size } }'), complete('1'), subscribe]],
    ['without a complete', [subscribe, subscribe]],
  ])('%s', async (_when, messages) => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    const socket = await connect(server);
    for (const message of messages) socket.send(message);
    await settle(socket);
    socket.close();
    await socket.closed;
    await vi.waitFor(() => expect(server.map.subscriptions).toBe(0), { timeout: 10_000, interval: 10 });
  });
});

it.each(['[', 'a b', 'a:b:c', '%', 'x:99999'])('a request to the host %j is answered without a stack', async (host) => {
  const server = await startServer();
  for (const line of ['GET /graphql?query=%7Bstream%7Bsize%7D%7D', 'GET /graphql', 'POST /graphql']) {
    const head = `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    const answer = String(await converse(server, { bytes: Buffer.from(head, 'latin1') }));
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    assertDiscreet(answer);
  }
});

describe('a document that nests deeper than a parser can go is GRAPHQL_PARSE_FAILED', () => {
  const nested = (open: string, close: string): string => open.repeat(20_000) + close.repeat(20_000);

  it.each([
    ['selections', nested('{ a ', '}')],
    ['fragments', `{ ${nested('... { ', '}')} }`],
    ['lists', `{ item(key: ${nested('[', ']')}) { key } }`],
    ['objects', `query ($v: JSON = ${nested('[{ a: ', '}]')}) { item(key: $v) { key } }`],
    ['types', `query ($v: ${nested('[', ']')}) { stream { size } }`],
  ])('%s', async (_what, query) => {
    const server = await startServer();
    const { errors, data } = await request(server, query);
    expect(data ?? null).toBeNull();
    const socket = await connect(server);
    socket.send(subscribeMessage('1', query));
    const message = await socket.next();
    expect(message).toMatchObject({ type: 'error', id: '1' });
    for (const answer of [errors, message?.payload]) {
      assertErrors(answer, JSON.stringify(answer));
      assertDiscreet(JSON.stringify(answer));
      expect(answer).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }]);
    }
  });
});

describe('a small request for an answer of gigabytes is refused', () => {
  const numbered = (piece: (n: number) => string): string => Array.from({ length: 2000 }, (_, n) => piece(n)).join(' ');

  it.each([
    ['pages', `{ ${numbered((n) => `a${n}: items(first: 1000) { edges { node { value } } }`)} }`],
    ['values', `{ items(first: 1000) { edges { node { ${numbered((n) => `a${n}: value`)} } } } }`],
  ])('by aliases of %s', async (_what, query) => {
    const server = await startServer();
    await fill(server);
    const { errors, data } = await request(server, query);
    expect(data ?? null).toBeNull();
    assertErrors(errors, JSON.stringify(errors));
  });

  async function fill(server: SeamlineServer): Promise<void> {
    const inputs = Array.from({ length: 400 }, (_, n) => ({ key: `k${n}`, value: 'x'.repeat(1000) }));
    await server.map.insertMany(inputs);
  }
});
