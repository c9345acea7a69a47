/** Limits of headers, of idle connections and of clients that stop reading. */
import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { Heartbeat } from '../../../src/transports/protocol/heartbeat.ts';
import { request } from '../../support/clients/clients.ts';
import { openTcp, postRequest, statusLine, untilClosed, upgradeRequest } from '../../support/fuzz/hostile.ts';
import { connect, openSocket } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

describe('headers', () => {
  it.each([
    ['a header of 20,000 bytes', [`X-Flood: ${'x'.repeat(20_000)}`]],
    ['1,000 headers', Array.from({ length: 1000 }, (_, n) => `X-Flood-${n}: ${'x'.repeat(20)}`)],
    ['101 headers and more, however small', Array.from({ length: 110 }, (_, n) => `X-${n}: 1`)],
    ['a cookie of 20,000 bytes', [`Cookie: ${'a=b; '.repeat(4000)}`]],
  ])('%s are answered with 431 before the body is read', async (_what, headers) => {
    const server = await startServer();
    const socket = await openTcp(server);
    socket.write(postRequest(server, '{"query":"{ stream { size } }"}', headers));
    expect(await statusLine(socket)).toMatch(/^HTTP\/1\.1 431 /);
    expect((await request(server, '{ stream { size } }')).data).toEqual({ stream: { size: 0 } });
  });

  it('a request with 90 headers is served', async () => {
    const server = await startServer();
    const socket = await openTcp(server);
    const headers = Array.from({ length: 90 }, (_, n) => `X-${n}: 1`);
    socket.write(postRequest(server, '{"query":"{ stream { size } }"}', headers));
    expect(await statusLine(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('endless headers and silent connections time out while other clients are served', async () => {
    const server = await startServer();
    const silent = await openTcp(server);
    const half = await openTcp(server);
    half.write('POST /graphql HTTP/1.1\r\nHost: x\r\n');
    const dripping = await openTcp(server);
    dripping.write('GET /graphql HTTP/1.1\r\n');
    const drip = setInterval(() => dripping.write('X-Slow: 1\r\n'), 500);
    onTestFinished(() => clearInterval(drip));
    const upgrading = await openTcp(server);
    upgrading.write(upgradeRequest(server).slice(0, -4));
    const patient = await connect(server);
    const ends = await Promise.all([silent, half, dripping, upgrading].map((socket) => untilClosed(socket)));
    for (const text of ends) expect(text === '' || text.startsWith('HTTP/1.1 408 ')).toBe(true);
    expect((await request(server, '{ stream { size } }')).data).toEqual({ stream: { size: 0 } });
    // A quiet WebSocket does not time out.
    patient.send({ type: 'ping' });
    expect(await patient.next()).toEqual({ type: 'pong' });
  }, 30_000);
});

describe('a WebSocket that never says connection_init', () => {
  it('a WebSocket without connection_init is closed with 4408 although it pings, and frees its place', async () => {
    const server = await startServer({ maxConnections: 2, initTimeoutMs: 1000 });
    const [silent, pinging] = [await openSocket(server), await openSocket(server)];
    const ping = setInterval(() => pinging.send({ type: 'ping' }), 200);
    onTestFinished(() => clearInterval(ping));
    expect(await silent.closed).toMatchObject({ code: 4408 });
    expect(await pinging.closed).toMatchObject({ code: 4408 });
    clearInterval(ping);
    await connect(server);
  }, 30_000);

  it('a WebSocket has ten seconds for connection_init: a client that fetches its token for five is admitted', async () => {
    const server = await startServer();
    const [silent, slow] = [await openSocket(server), await openSocket(server)];
    const openedAt = performance.now();
    await delay(5000);
    slow.send({ type: 'connection_init' });
    expect(await slow.next()).toEqual({ type: 'connection_ack' });
    expect(await silent.closed).toMatchObject({ code: 4408 });
    expect(performance.now() - openedAt).toBeGreaterThan(9500);
  }, 30_000);
});

/** Both ends of a connection. The far end reads nothing unless it is told to. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const far = connectTcp((listener.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(listener, 'connection')) as [Socket];
  far.pause();
  for (const socket of [near, far]) socket.on('error', () => {});
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    listener.close();
  });
  return { near, far };
}

/** Writes more than the buffers of both kernels hold, and more than a test reads. */
async function clog(near: Socket): Promise<void> {
  near.write(Buffer.alloc(64 * 1024 * 1024));
  await settle();
}

/** Writes the next chunk once the previous one is written, endlessly. */
async function feedOneByOne(near: Socket): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024);
  const next = (): void => void near.write(chunk, (error) => !error && next());
  next();
  let sent = -1;
  while (sent !== near.bytesWritten) {
    sent = near.bytesWritten;
    await settle();
  }
}

/** The kernels accept what fits into their buffers at once. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}

describe('the heartbeat', () => {
  const INTERVAL_MS = 12_000;

  afterEach(() => {
    vi.useRealTimers();
  });

  function watched(): Heartbeat {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const heartbeat = new Heartbeat(INTERVAL_MS);
    onTestFinished(() => heartbeat.stop());
    return heartbeat;
  }

  it('the heartbeat ends a stream whose client reads nothing for a minute, and not sooner', async () => {
    const { near } = await pair();
    const heartbeat = watched();
    await clog(near);
    heartbeat.watch(near);
    vi.advanceTimersByTime(INTERVAL_MS);
    vi.advanceTimersByTime(48_000);
    expect(near.destroyed).toBe(false);
    vi.advanceTimersByTime(2 * INTERVAL_MS);
    expect(near.destroyed).toBe(true);
  });

  it.each<[string, (near: Socket) => Promise<void>]>([
    ['many small answers', feedOneByOne],
    ['one large answer', clog],
  ])('the heartbeat spares a client that reads %s slowly, however long (G5)', async (_what, fill) => {
    const { near, far } = await pair();
    const heartbeat = watched();
    await fill(near);
    heartbeat.watch(near);
    for (let round = 0; round < 6; round++) {
      for (let beat = 0; beat < 4; beat++) vi.advanceTimersByTime(INTERVAL_MS);
      // More than the kernels' buffers, so that the near end notices that it is read.
      await readMore(far, 2 * 1024 * 1024);
      vi.advanceTimersByTime(INTERVAL_MS);
      expect(near.destroyed).toBe(false);
      expect(near.writableLength).toBeGreaterThan(0);
    }
  });

  it('the heartbeat spares a client whose answer could not be read because the server stood still', async () => {
    const { near } = await pair();
    const heartbeat = watched();
    let stoodStillMs = 0;
    const { now } = performance;
    vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + stoodStillMs);
    onTestFinished(() => void vi.restoreAllMocks());
    await clog(near);
    heartbeat.watch(near);
    vi.advanceTimersByTime(INTERVAL_MS);
    stoodStillMs = 3_600_000;
    vi.advanceTimersByTime(3 * INTERVAL_MS);
    expect(near.destroyed).toBe(false);
    vi.advanceTimersByTime(3 * INTERVAL_MS);
    expect(near.destroyed).toBe(true);
  });

  it('the heartbeat spares a stream without pending data', async () => {
    const { near } = await pair();
    const heartbeat = watched();
    heartbeat.watch(near);
    vi.advanceTimersByTime(10 * INTERVAL_MS);
    expect(near.destroyed).toBe(false);
  });

  it('the heartbeat pings each WebSocket once an interval, at the time of the interval at which it came', async () => {
    const heartbeat = watched();
    const pinged: number[] = [];
    for (let n = 0; n < 4; n++) {
      const { near } = await pair();
      onPing(near, () => pinged.push(n));
      heartbeat.watch(near, OPEN_WEB_SOCKET);
      vi.advanceTimersByTime(INTERVAL_MS / 4);
    }
    for (let n = 0; n < 8; n++) {
      expect(pinged).toEqual(Array.from({ length: n + 1 }, (_, each) => each % 4));
      vi.advanceTimersByTime(INTERVAL_MS / 4);
    }
  });

  it('the heartbeat pings a client that is written to and answers less than once an interval', async () => {
    const { near, far } = await pair();
    const heartbeat = watched();
    let isPinged = false;
    onPing(near, () => (isPinged = true));
    near.resume();
    heartbeat.watch(near, OPEN_WEB_SOCKET);
    const pingedAt: number[] = [];
    for (let look = 1; look <= 12; look++) {
      near.write('a delivery');
      vi.advanceTimersByTime(INTERVAL_MS / 2);
      if (!isPinged) continue;
      isPinged = false;
      pingedAt.push(look);
      far.write('an answer');
      await once(near, 'data');
    }
    expect(pingedAt).toEqual([2, 5, 8, 11]);
  });

  it('the heartbeat pings a client again as soon as an interval would pass without a frame', async () => {
    const { near, far } = await pair();
    const heartbeat = watched();
    let pings = 0;
    onPing(near, () => pings++);
    near.resume();
    heartbeat.watch(near, OPEN_WEB_SOCKET);
    vi.advanceTimersByTime(INTERVAL_MS / 2 + 1);
    near.write('a delivery');
    far.write('a message');
    await once(near, 'data');
    vi.advanceTimersByTime(INTERVAL_MS / 2);
    expect(pings).toBe(0);
    vi.advanceTimersByTime(INTERVAL_MS / 2 - 1);
    expect(pings).toBe(1);
  });

  it('the heartbeat ends a WebSocket that is written to and never answers after a minute, and not sooner', async () => {
    const { near } = await pair();
    const heartbeat = watched();
    heartbeat.watch(near, OPEN_WEB_SOCKET);
    for (let look = 0; look < 10; look++) {
      near.write('a delivery');
      vi.advanceTimersByTime(INTERVAL_MS / 2);
    }
    expect(near.destroyed).toBe(false);
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(near.destroyed).toBe(true);
  });

  it('the heartbeat forgets a stream that has ended, so that its kept-alive connection may be slow afterwards', async () => {
    const { near } = await pair();
    const heartbeat = watched();
    heartbeat.watch(near);
    heartbeat.unwatch(near);
    await clog(near);
    vi.advanceTimersByTime(10 * INTERVAL_MS);
    expect(near.destroyed).toBe(false);
  });
});

const OPEN_WEB_SOCKET = { readyState: 1, OPEN: 1 } as WebSocket;

/** Calls `pinged` when a ping of WebSocket is written. */
function onPing(socket: Socket, pinged: () => void): void {
  const { write } = socket;
  vi.spyOn(socket, 'write').mockImplementation((...given: unknown[]) => {
    if (given[0] === '\x89\0') pinged();
    return Reflect.apply(write, socket, given) as boolean;
  });
}

/** Reads this many bytes and then stops. */
async function readMore(socket: Socket, bytes: number): Promise<void> {
  const enough = socket.bytesRead + bytes;
  while (socket.bytesRead < enough) {
    socket.resume();
    await once(socket, 'data');
    socket.pause();
  }
  await settle();
}
