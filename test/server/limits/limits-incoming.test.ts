/** What clients have begun to send is bounded, all together. */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Incoming, IncomingBytes, MAX_INCOMING_BYTES } from '../../../src/transports/incoming/incoming-bytes.ts';
import { createHttpServer } from '../../../src/server/http-server.ts';
import { Turns } from '../../../src/transports/protocol/turns.ts';
import { request } from '../../support/clients/clients.ts';
import { connect, openSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const MB = 1_000_000;
const HEAD = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

async function open(url: string): Promise<Socket> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Everything that the server says until it ends the connection. */
async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  return text;
}

describe('bytes that clients have begun to send', () => {
  it('the oldest is refused when all together are more than the bound', () => {
    const all = new IncomingBytes(100);
    const refused: string[] = [];
    const [first, second] = ['first', 'second'].map((name) => new Incoming(all, () => refused.push(name)));
    first?.holds(60);
    second?.holds(40);
    expect(refused).toEqual([]);
    second?.add(1);
    expect(refused).toEqual(['first']);
    expect(first?.isRefused).toBe(true);
    expect(all.total).toBe(41);
    second?.holds(0);
    expect(all.total).toBe(0);
  });

  it('bodies without an end are refused with OVERLOADED, the oldest first, and honest requests are answered', async () => {
    const server = await startServer();
    const count = Math.ceil(MAX_INCOMING_BYTES / MB) + 2;
    const answers: Promise<string>[] = [];
    for (let n = 0; n < count; n++) {
      const socket = await open(server.url);
      answers.push(answerOf(socket));
      await new Promise((resolve) =>
        socket.write(`${HEAD}Content-Length: ${MB + 1}\r\n\r\n${'x'.repeat(MB)}`, resolve),
      );
    }
    const first = await Promise.race(answers);
    expect(first).toMatch(/^HTTP\/1\.1 503 /);
    expect(first).toContain('Retry-After: 1');
    expect(first).toContain('"code":"OVERLOADED"');
    const { errors } = await request(server, '{ stream { size } }');
    expect(errors).toBeUndefined();
  });

  it('a body that is refused as its last piece comes never ends', async () => {
    const [ends, pieces]: [string[], EventEmitter] = [[], new EventEmitter()];
    const server = createHttpServer({
      answer(incoming, response) {
        incoming.on('data', () => pieces.emit('piece'));
        incoming.once('end', () => void (ends.push(String(incoming.url)), response.end()));
      },
      upgrade: () => {},
      refused: () => {},
      overloaded: () => {},
      incomingBytes: new IncomingBytes(100_000),
      maxConnections: 1000,
      turns: new Turns(),
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const begin = async (path: string, length: number): Promise<Socket> => {
      const socket = await open(url);
      const read = once(pieces, 'piece');
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 50000\r\n\r\n`;
      socket.write(`${head}${'x'.repeat(length)}`);
      await read;
      return socket;
    };
    const oldest = await begin('/oldest', 40_000);
    const other = await begin('/other', 49_999);
    const answers = [oldest, other].map(answerOf);
    oldest.write('x'.repeat(10_000));
    expect(await answers[0]).toMatch(/^HTTP\/1\.1 503 /);
    other.write('x');
    expect(await answers[1]).toMatch(/^HTTP\/1\.1 200 /);
    expect(ends).toEqual(['/other']);
  });

  it('the long pieces of a body are read in several turns of the event loop', async () => {
    const pieces: number[] = [];
    let [turn, now] = [0, 0];
    const server = createHttpServer({
      answer(incoming, response) {
        const count = (): void => void (turn++, response.writableEnded || setImmediate(count));
        count();
        incoming.on('data', () => pieces.push(turn));
        incoming.once('end', () => response.end());
      },
      upgrade: () => {},
      refused: () => {},
      overloaded: () => {},
      incomingBytes: new IncomingBytes(),
      maxConnections: 1000,
      // A slice has room for one piece.
      turns: new Turns(() => (now += 3)),
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${MB}\r\n\r\n`);
    socket.write('x'.repeat(MB));
    expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(pieces.length).toBeGreaterThan(10);
    expect(new Set(pieces).size).toBeGreaterThan(pieces.length / 2);
  });

  it('requests that a client sends without waiting are answered in order', async () => {
    const server = await startServer();
    const socket = await open(server.url);
    const query = (n: number): string => JSON.stringify({ query: `{ a${n}: stream { size } }` });
    const bodies = Array.from({ length: 50 }, (_, n) => query(n));
    socket.write(bodies.map((body) => `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`).join(''));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    while (!text.includes('"a49"')) await once(socket, 'data');
    expect([...text.matchAll(/"(a\d+)":/g)].map(([, name]) => name)).toEqual(bodies.map((_, n) => `a${n}`));
  });

  it('a connection that has sent nothing makes room when there are too many', async () => {
    const server = await startServer({ maxConnections: 1 });
    const sockets: Socket[] = [];
    // 1,000 more than --max-connections, of which 100 are kept free.
    for (let n = 0; n < 902; n++) sockets.push(await open(server.url));
    const [oldest] = sockets;
    if (oldest && !oldest.closed) await once(oldest.resume(), 'close');
    expect(oldest?.destroyed).toBe(true);
    expect(sockets.at(-1)?.destroyed).toBe(false);
  });

  it('a WebSocket without connection_init makes room for another one', async () => {
    const server = await startServer({ maxConnections: 1 });
    const silent = await openSocket(server);
    const honest = await connect(server);
    expect(await silent.closed).toMatchObject({ code: 1013 });
    honest.send(subscribeMessage('1', '{ stream { size } }'));
    expect(await honest.next()).toMatchObject({ type: 'next' });
  });

  it('an operation whose id is longer than 512 characters closes its connection with 4400', async () => {
    const server = await startServer();
    const [short, long] = [await connect(server), await connect(server)];
    short.send(subscribeMessage('i'.repeat(512), '{ stream { size } }'));
    expect(await short.next()).toMatchObject({ type: 'next' });
    long.send(subscribeMessage('i'.repeat(513), '{ stream { size } }'));
    expect(await long.closed).toMatchObject({ code: 4400 });
  });
});
