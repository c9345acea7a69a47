/** `maxConnections` counts WebSockets and streams together. Beyond it WebSockets are closed, streams answered with 503, plain requests served. */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { request } from '../../support/clients/clients.ts';
import { connect, openSocket, type RawSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { JSON_BODY } from '../../support/clients/requests.ts';
import { subscribed } from '../../support/model/twins.ts';
import { startServer } from '../../support/server/server.ts';
import { openStream, type TextStream } from '../../support/clients/streams.ts';

const KEYS = 'subscription { items { key } }';

/** The `Accept` headers of clients that ask for a stream: our own, a browser, Apollo, curl. */
const STREAMS = [
  ['SSE', 'text/event-stream'],
  ['SSE or JSON', 'text/event-stream, application/json'],
  ['SSE, as graphql-yoga’s client asks', 'application/graphql-response+json, application/json, text/event-stream'],
  ['multipart', 'multipart/mixed;subscriptionSpec=1.0'],
  ['multipart, as Apollo asks', 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json'],
  ['anything', '*/*'],
] as const;

function stream({ url }: SeamlineServer, accept: string): Promise<TextStream> {
  return openStream(url, {
    method: 'POST',
    headers: { ...JSON_BODY, accept },
    body: JSON.stringify({ query: KEYS }),
  });
}

const isServed = async (server: SeamlineServer): Promise<boolean> =>
  (await request(server, '{ stream { size } }')).errors === undefined;

describe('above maxConnections', () => {
  it.each(STREAMS)(
    'above maxConnections a stream by %s is answered with 503, TOO_MANY_SUBSCRIPTIONS and Retry-After',
    async (_name, accept) => {
      const server = await startServer({ maxConnections: 1 });
      const first = await connect(server);
      const refused = await stream(server, accept);
      const { response } = refused;
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(JSON.parse(await refused.end())).toMatchObject({
        errors: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }],
      });
      expect(server.map.subscriptions).toBe(0);
      first.close();
      await first.closed;
      await expect.poll(async () => (await stream(server, accept)).response.status).toBe(200);
    },
  );

  it.each(STREAMS)('a stream by %s counts towards maxConnections until it leaves', async (_name, accept) => {
    const server = await startServer({ maxConnections: 1 });
    const first = await stream(server, accept);
    expect(first.response.status).toBe(200);
    expect(await (await openSocket(server)).closed).toMatchObject({ code: 1013 });
    first.leave();
    await expect.poll(() => isOpen(server)).toBe(true);
  });

  it('above maxConnections plain queries, mutations and /health are still answered', async () => {
    const server = await startServer({ maxConnections: 1 });
    await connect(server);
    expect(await isServed(server)).toBe(true);
    const { data } = await request(server, 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }');
    expect(data).toEqual({ insertItem: { key: 'a' } });
    const { url } = server;
    const inEventStream = await fetch(url, {
      method: 'POST',
      headers: { ...JSON_BODY, accept: 'application/json, */*' },
      body: JSON.stringify({ query: '{ stream { size } }' }),
    });
    expect(inEventStream.status).toBe(200);
    for (const path of ['/health', '/ready', '/metrics']) expect((await fetch(new URL(path, url))).status).toBe(200);
  });

  it('exactly maxConnections of many simultaneous clients are admitted', async () => {
    const server = await startServer({ maxConnections: 5 });
    const herd = await Promise.all(Array.from({ length: 40 }, () => openSocket(server)));
    for (const socket of herd) socket.send({ type: 'connection_init' });
    const answers = await Promise.all(herd.map((socket) => socket.next()));
    expect(answers.filter((answer) => answer?.type === 'connection_ack')).toHaveLength(5);
    const refused = herd.filter((_socket, index) => answers[index] === undefined);
    for (const { closed } of refused) expect(await closed).toMatchObject({ code: 1013 });
    expect(await isServed(server)).toBe(true);
  });

  it('no place leaks, however often clients come and are refused', async () => {
    const server = await startServer({ maxConnections: 2 });
    const keeper = await connect(server);
    for (let round = 0; round < 20; round++) {
      const [socket, events] = [await connect(server), await stream(server, 'text/event-stream')];
      expect(events.response.status).toBe(503);
      socket.send(subscribeMessage('1', KEYS));
      socket.close();
      await socket.closed;
      await expect.poll(() => server.map.subscriptions).toBe(0);
    }
    keeper.send(subscribeMessage('1', '{ stream { size } }'));
    expect(await keeper.next()).toMatchObject({ type: 'next' });
  });
});

describe('a burst of 300 subscribe messages on one WebSocket', () => {
  it('300 subscribe messages on one WebSocket open 100 subscriptions; the others get TOO_MANY_SUBSCRIPTIONS', async () => {
    const server = await startServer();
    const socket = await connect(server);
    for (let n = 0; n < 300; n++) socket.send(subscribeMessage(`${n}`, KEYS));
    for (let n = 0; n < 200; n++)
      expect(await socket.next()).toMatchObject({
        type: 'error',
        payload: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }],
      });
    // Operations that come together begin in several turns.
    await subscribed(server, 100);
    await server.map.insert({ key: 'a', value: 1 });
    expect(new Set(await idsOf(socket, 100)).size).toBe(100);
  });

  it('maxSubscriptions counts operations in flight, so that queries cannot pile up either', async () => {
    const server = await startServer({ maxSubscriptions: 10 });
    const socket = await connect(server);
    for (let n = 0; n < 50; n++) socket.send(subscribeMessage(`${n}`, '{ stream { size } }'));
    const refused = new Set<string | undefined>();
    const ended = new Set<string | undefined>();
    while (refused.size + ended.size < 50) {
      const message = await socket.next();
      if (message?.type === 'error') refused.add(message.id);
      if (message?.type === 'complete') ended.add(message.id);
      if (!message) throw new Error('closed');
    }
    expect(ended.size).toBeGreaterThanOrEqual(10);
  });
});

async function isOpen(server: SeamlineServer): Promise<boolean> {
  const socket = await openSocket(server);
  socket.send({ type: 'connection_init' });
  return (await socket.next())?.type === 'connection_ack';
}

async function idsOf(socket: RawSocket, count: number): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  while (ids.length < count) ids.push((await socket.next())?.id);
  return ids;
}
