import { HttpLink } from '@apollo/client';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient, type Client } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { resumable, type SubscriptionClient } from '../../../src/client/index.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { apolloClient, ITEMS, watch } from '../../support/clients/apollo.ts';
import { MULTIPART } from '../../support/clients/doors.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { JSON_BODY } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { openStream } from '../../support/clients/streams.ts';
import { bearer, pass, SECRET, secondsFromNow, sign } from '../../support/server/tokens.ts';

const ITEMS_OF = 'subscription { items { key } }';
const guarded = async (): Promise<SeamlineServer> => {
  const server = await startServer({ jwtSecret: SECRET, jwtCookie: 'session' });
  await server.map.insert({ key: 'a', value: 1 });
  return server;
};

/** Resolves with what comes first: the end of a stream, or the time one second after its token's expiry. */
async function endOf<T>(ending: Promise<T>, exp: number): Promise<T | 'still open'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'still open'>((resolve) => {
    timer = setTimeout(() => resolve('still open'), exp * 1000 + 1000 - Date.now());
  });
  const first = await Promise.race([ending, late]);
  clearTimeout(timer);
  return first;
}

async function openWith(server: SeamlineServer, exp: number, accept: string) {
  const stream = await openStream(server.url, {
    method: 'POST',
    headers: { ...JSON_BODY, accept, ...bearer(await sign({ exp })) },
    body: JSON.stringify({ query: ITEMS_OF }),
  });
  await stream.until(/"a"/);
  return stream;
}

describe('an expired token', () => {
  it('an expired token ends a WebSocket with 4403 within a second', async () => {
    const server = await guarded();
    const exp = secondsFromNow(2);
    const socket = await connect(server, { headers: bearer(await sign({ exp })) });
    socket.send(subscribeMessage('1', ITEMS_OF));
    expect(await socket.next()).toMatchObject({ type: 'next' });
    expect(await endOf(socket.closed, exp)).toMatchObject({ code: 4403 });
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000 - 5);
    // There is no `complete`, because the subscription is not over.
    expect(await socket.next()).toBeUndefined();
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });

  it('an expired token ends an idle WebSocket, also when it came in a cookie', async () => {
    const server = await guarded();
    const exp = secondsFromNow(2);
    const socket = await connect(server, { headers: { cookie: `session=${await sign({ exp })}` } });
    expect(await endOf(socket.closed, exp)).toMatchObject({ code: 4403 });
  });

  it.each([
    ['SSE', 'text/event-stream', /complete/],
    ['multipart', MULTIPART, /--graphql--/],
  ])('an expired token ends %s within a second, without complete', async (_name, accept, isOver) => {
    const server = await guarded();
    const exp = secondsFromNow(2);
    const stream = await openWith(server, exp, accept);
    expect(await endOf(stream.broken(), exp)).not.toBe('still open');
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000 - 5);
    expect(stream.text).not.toMatch(isOver);
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });

  it('an expired token ends deliveries, and other clients are unaffected', async () => {
    const server = await guarded();
    const exp = secondsFromNow(2);
    const [dying, living] = [
      await openWith(server, exp, 'text/event-stream'),
      await openWith(server, exp + 600, 'text/event-stream'),
    ];
    const socket = await connect(server, { headers: bearer(await sign()) });
    await dying.broken();
    await server.map.insert({ key: 'b', value: 2 });
    expect(await living.until(/"b"/)).toContain('"b"');
    expect(dying.text).not.toContain('"b"');
    socket.send(subscribeMessage('1', ITEMS_OF));
    expect(await socket.next()).toMatchObject({ type: 'next' });
  });

  it('an expired token ends a WebSocket within a second after the clock was set or the machine slept', async () => {
    const server = await guarded();
    const socket = await connect(server, { headers: bearer(await sign({ exp: secondsFromNow(3600) })) });
    const other = await connect(server, { headers: bearer(await sign({ exp: secondsFromNow(7200) })) });
    pass(3601);
    expect(await endOf(socket.closed, Date.now() / 1000)).toMatchObject({ code: 4403 });
    other.send({ type: 'ping' });
    expect(await other.next()).toMatchObject({ type: 'pong' });
  });

  it.each([
    ['SSE', 'text/event-stream'],
    ['multipart', MULTIPART],
  ])('an expired token ends %s within a second after the clock was set or the machine slept', async (_name, accept) => {
    const server = await guarded();
    const stream = await openWith(server, secondsFromNow(3600), accept);
    pass(3601);
    expect(await endOf(stream.broken(), Date.now() / 1000)).not.toBe('still open');
  });

  it('a token that lives longer than the longest timer ends nothing early', async () => {
    const server = await guarded();
    for (const exp of [secondsFromNow(30 * 86_400), Number.MAX_SAFE_INTEGER, 1e300]) {
      const socket = await connect(server, { headers: bearer(await sign({ exp })) });
      socket.send(subscribeMessage('1', ITEMS_OF));
      expect(await socket.next()).toMatchObject({ type: 'next' });
      socket.send({ type: 'ping' });
      expect(await socket.next()).toMatchObject({ type: 'pong' });
    }
  });
});

/** A client that fetches a token for each connection. The token is valid for a second or two. */
interface FreshClient {
  readonly name: string;
  /** Calls back with each key. Returns how often the key has arrived. */
  subscribe(server: SeamlineServer, onKey: (key: string) => void): () => number;
}

const keyIn = (result: { data?: unknown }): string => (result.data as { items: { key: string } }).items.key;
const atOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function following(client: SubscriptionClient, onKey: (key: string) => void): void {
  const fail = (error: unknown): never => {
    throw error;
  };
  onTestFinished(
    resumable(client).subscribe(
      { query: ITEMS_OF },
      { next: (result) => onKey(keyIn(result)), error: fail, complete: () => {} },
    ),
  );
}

function freshly() {
  let count = 0;
  const token = async (): Promise<string> => {
    count++;
    return `Bearer ${await sign({ exp: secondsFromNow(2) })}`;
  };
  return { token, count: () => count };
}

const overWebSocket: FreshClient = {
  name: 'graphql-ws with a function for its connectionParams',
  subscribe(server, onKey) {
    const { token, count } = freshly();
    const client: Client = createClient({
      url: server.webSocketUrl,
      webSocketImpl: WebSocket,
      connectionParams: async () => ({ Authorization: await token() }),
      retryAttempts: Infinity,
      retryWait: atOnce,
    });
    onTestFinished(() => client.dispose());
    following(client, onKey);
    return count;
  },
};

const overSse: FreshClient = {
  name: 'graphql-sse with a function for its headers',
  subscribe(server, onKey) {
    const { token, count } = freshly();
    const headers = async () => ({ authorization: await token() });
    const client = createSseClient({ url: server.url, headers, retryAttempts: Infinity, retry: atOnce });
    onTestFinished(() => client.dispose());
    following(client, onKey);
    return count;
  },
};

const overMultipart: FreshClient = {
  name: 'Apollo’s HttpLink with a fetch of its own',
  subscribe(server, onKey) {
    const { token, count } = freshly();
    const authorized: typeof fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('authorization', await token());
      return fetch(input, { ...init, headers });
    };
    const transport = { name: 'multipart', link: (uri: string) => new HttpLink({ uri, fetch: authorized }) };
    const client = apolloClient(transport, server.url);
    void watch(client.subscribe({ query: ITEMS, fetchPolicy: 'no-cache' })).until((result) => {
      onKey(keyIn(result));
      return false;
    });
    return count;
  },
};

describe.each([overWebSocket, overSse, overMultipart])('$name', (fresh) => {
  it('a client resumes across expired tokens with fresh ones, without losing or repeating an item (G2, G4)', async () => {
    const server = await guarded();
    const seen: string[] = [];
    let written = 1;
    const visits = fresh.subscribe(server, (key) => seen.push(key));
    await expect
      .poll(
        async () => {
          await server.map.insert({ key: `k${written++}`, value: 1 });
          return visits();
        },
        { timeout: 20_000, interval: 20 },
      )
      .toBeGreaterThanOrEqual(3);
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(written);
    expect(seen).toEqual(['a', ...Array.from({ length: written - 1 }, (_, index) => `k${index + 1}`)]);
  });
});
