import { connect as connectTcp } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { ask, request } from '../support/clients/clients.ts';
import { post } from '../support/clients/requests.ts';
import { connect } from '../support/sockets/raw-sockets.ts';
import { startServer } from '../support/server/server.ts';

const input = { key: 'a', value: 1 };

/** Holds the next insertion back: `reached` resolves once it has arrived, `go` lets it through. */
function holdInsert(server: SeamlineServer) {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const prepare = server.map.prepared.bind(server.map);
  vi.spyOn(server.map, 'prepared').mockImplementation((inputs) => {
    const { bytes, run } = prepare(inputs);
    const held = async () => {
      reached.resolve();
      await go.promise;
      return run();
    };
    return { bytes, run: held };
  });
  return { reached: reached.promise, go: go.resolve };
}

/** A connection that sends and receives text. */
function rawConnection(server: SeamlineServer) {
  const socket = connectTcp(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8');
  onTestFinished(() => void socket.destroy());
  let text = '';
  return {
    write: (sent: string) => socket.write(sent),
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) {
        const chunk = await new Promise<string | undefined>((resolve) => {
          socket.once('data', (data) => resolve(String(data)));
          socket.once('close', () => resolve(undefined));
        });
        if (chunk === undefined) break;
        text += chunk;
      }
      return text;
    },
  };
}

describe('a drain', () => {
  it('a drain lets an answer in flight finish', async () => {
    const server = await startServer({ drainTimeoutMs: 20_000 });
    const held = holdInsert(server);
    const answer = ask(server, InsertItemDocument, { input });
    await held.reached;
    const drained = server.drain();
    held.go();
    expect(await answer).toMatchObject({ insertItem: { key: 'a', value: 1 } });
    await drained;
  });

  it('a drain closes the connection with the last answer, so that it does not wait for an idle connection', async () => {
    const server = await startServer({ drainTimeoutMs: 20_000 });
    const held = holdInsert(server);
    const answer = post(server, { query: String(InsertItemDocument), variables: { input } });
    await held.reached;
    const drained = server.drain();
    held.go();
    const response = await answer;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toMatchObject({ data: { insertItem: { key: 'a' } } });
    await drained;
  });

  it('a drain abandons an answer in flight after drainTimeoutMs', async () => {
    const server = await startServer({ drainTimeoutMs: 50 });
    const held = holdInsert(server);
    const answer = request(server, InsertItemDocument, { input }).catch(String);
    await held.reached;
    await server.drain();
    expect(await answer).toContain('fetch failed');
    held.go();
  });

  it('during a drain /ready is 503 and /health stays 200 on connections that are still open', async () => {
    const server = await startServer({ drainTimeoutMs: 20_000 });
    const connection = rawConnection(server);
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n`;
    // A request that has begun keeps its connection from being idle, so that it is not closed.
    connection.write(`${get('/ready')}\r\n${get('/ready')}`);
    expect(await connection.until(/ready\n/)).toMatch(/^HTTP\/1.1 200 /);
    const drained = server.drain();
    connection.write('\r\n');
    expect(await connection.until(/draining\n/)).toMatch(/HTTP\/1.1 503 .*connection: close/is);
    await drained;
  });

  it('a drain refuses new connections, and every call of drain resolves', async () => {
    const server = await startServer();
    await Promise.all([server.drain(), server.drain()]);
    await server.drain();
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
    await expect(connect(server)).rejects.toThrow('ECONNREFUSED');
  });

  it('a drain closes a WebSocket that does not answer after drainTimeoutMs', async () => {
    const server = await startServer({ drainTimeoutMs: 50 });
    const connection = rawConnection(server);
    const key = Buffer.from('0123456789abcdef').toString('base64');
    connection.write(
      `GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    expect(await connection.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 101 /);
    await server.drain();
  });
});
