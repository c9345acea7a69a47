/** Refusals are counted by code in `seamline_refusals_total`, so that an operator sees a flood. */
import { describe, expect, it } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { openTcp, postRequest, statusLine } from '../../support/fuzz/hostile.ts';
import { connect, openSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

const SIZE = '{ stream { size } }';
const KEYS = 'subscription { items { key } }';
const INSERT = 'mutation ($value: JSON!) { insertItem(input: { key: "a", value: $value }) { key } }';

/** The counters by code. */
async function refusalsOf(server: SeamlineServer): Promise<Record<string, number>> {
  const text = await (await fetch(new URL('/metrics', server.url))).text();
  const lines = text.matchAll(/^seamline_refusals_total\{code="([^"]*)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, code, count]) => [code, Number(count)]));
}

interface Refusal {
  readonly what: string;
  readonly code: string;
  readonly options?: ServerOptions;
  provoke(server: SeamlineServer): Promise<unknown>;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'a WebSocket too many',
    code: 'TOO_MANY_CONNECTIONS',
    options: { maxConnections: 1 },
    async provoke(server) {
      await connect(server);
      await (
        await openSocket(server)
      ).closed;
    },
  },
  {
    what: 'a stream too many',
    code: 'TOO_MANY_CONNECTIONS',
    options: { maxConnections: 1 },
    async provoke(server) {
      await connect(server);
      await (await post(server, { query: KEYS }, { accept: 'text/event-stream' })).text();
    },
  },
  {
    what: 'a subscription too many',
    code: 'TOO_MANY_SUBSCRIPTIONS',
    options: { maxSubscriptions: 1 },
    async provoke(server) {
      const socket = await connect(server);
      for (const id of ['1', '2']) socket.send(subscribeMessage(id, KEYS));
      await socket.next();
    },
  },
  {
    what: 'a WebSocket message too long',
    code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    options: { maxMessageBytes: 1000 },
    async provoke(server) {
      const socket = await connect(server);
      socket.send(' '.repeat(1001));
      await socket.closed;
    },
  },
  {
    what: 'a body too long',
    code: 'PAYLOAD_TOO_LARGE',
    options: { maxMessageBytes: 1000 },
    provoke: (server) => post(server, ' '.repeat(1001)),
  },
  {
    what: 'a value too long',
    code: 'PAYLOAD_TOO_LARGE',
    options: { maxValueBytes: 10 },
    provoke: (server) => post(server, { query: INSERT, variables: { value: 'x'.repeat(20) } }),
  },
  {
    what: 'an insertion too many',
    code: 'RATE_LIMITED',
    options: { insertRate: 1 },
    async provoke(server) {
      for (let times = 0; times < 2; times++) await post(server, { query: INSERT, variables: { value: 1 } });
    },
  },
  {
    what: 'a document that isn’t trusted',
    code: 'FORBIDDEN',
    options: { trustedDocuments: {} },
    provoke: (server) => post(server, { query: SIZE }),
  },
  {
    what: 'a WebSocket that says nothing',
    code: '4408',
    options: { initTimeoutMs: 100 },
    provoke: async (server) => (await openSocket(server)).closed,
  },
  {
    what: 'a WebSocket that subscribes before it says who it is',
    code: '4401',
    async provoke(server) {
      const socket = await openSocket(server);
      socket.send(subscribeMessage('1', SIZE));
      await socket.closed;
    },
  },
  {
    what: 'a WebSocket whose token is refused, once,',
    code: 'UNAUTHENTICATED',
    options: { jwtSecret: 'a secret that is long enough for HS256' },
    async provoke(server) {
      const socket = await openSocket(server);
      socket.send({ type: 'connection_init' });
      await socket.closed;
    },
  },
  {
    what: 'headers too long',
    code: '431',
    async provoke(server) {
      const socket = await openTcp(server);
      socket.write(postRequest(server, '', [`X-Flood: ${'x'.repeat(20_000)}`]));
      await statusLine(socket);
    },
  },
];

describe('seamline_refusals_total', () => {
  it.each(REFUSALS)('seamline_refusals_total counts $what as $code', async ({ code, options = {}, provoke }) => {
    const server = await startServer(options);
    await provoke(server);
    await expect.poll(async () => (await refusalsOf(server))[code]).toBe(1);
  });

  it('seamline_refusals_total has no more series than there are codes, whatever clients send', async () => {
    const server = await startServer({ trustedDocuments: {} });
    for (let n = 0; n < 50; n++)
      await post(server, { query: `{ nope${n} }`, operationName: `O${n}` }, { 'x-request-id': `r${n}` });
    expect(await refusalsOf(server)).toEqual({ FORBIDDEN: 50 });
  });
});
