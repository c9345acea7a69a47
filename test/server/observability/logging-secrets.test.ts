/** Secrets never appear in the log, whatever goes wrong, even at the most verbose level. */
import { SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { InsertItemDocument } from '../../../schema/documents/graphql.ts';
import { EngineUnavailableError, IndeterminateError } from '../../../src/core/model/errors.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { type LogLines, logLines } from '../../support/server/log-lines.ts';
import { openSocket, type RawSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { openStream } from '../../support/clients/streams.ts';

const jwtSecret = 'hunter2-the-key-of-the-server-itself';
const SECRETS = /hunter2/i;
const VALUE = { password: 'hunter2-in-a-value' };
const KEY = 'hunter2-key';

const tokenOf = (claims: object): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(jwtSecret));

const insertion = (fields: object): object => ({
  query: String(InsertItemDocument),
  variables: { input: { key: KEY, value: VALUE, ...fields } },
});

/** Requests with every kind of error, and some that succeed. */
const BODIES: readonly (string | object)[] = [
  '{ "query": "hunter2',
  { query: '{ hunter2' },
  { query: 'query hunter2 { hunter2 }', operationName: 'other' },
  { query: '{ item(key: "hunter2") { key value } }' },
  { query: `mutation { insertItem(input: { key: "${KEY}", value: { a: "hunter2" } }) { nope } }` },
  { query: `mutation { insertItem(input: { key: "${KEY}", value: { a: "hunter2" } }) { key value cursor } }` },
  insertion({}),
  insertion({ key: '' }),
  insertion({ key: 'x'.repeat(600) }),
  insertion({ ttl: 'hunter2' }),
  insertion({ hunter2: 1 }),
  insertion({ value: 'hunter2'.repeat(20_000) }),
  insertion({ ifAbsent: true }),
  insertion({ ifCursor: 'hunter2' }),
  insertion({ idempotencyKey: 'hunter2' }),
  insertion({ idempotencyKey: 'hunter2', value: 'hunter2 again' }),
  { query: '{ stream { epoch } }', extensions: { after: 'hunter2', hunter2: 'hunter2' } },
  { query: '{ items { edges { node { key value } } } }' },
  `{"query":"{stream{size}}","variables":{"x":"${'hunter2'.repeat(200_000)}"}}`,
];

const SUBSCRIPTIONS = [
  'subscription { items(limit: 1) { key value } }',
  'subscription { items(limit: -1, after: "hunter2") { key value } }',
  'subscription { itemChanges(filter: { keys: ["hunter2"] }) { cursor upserted { value } } }',
  'subscription { items(after: "hunter2") { key } }',
];

async function askOverWebSocket(socket: RawSocket): Promise<void> {
  const bodies = BODIES.filter((body): body is { query: string } => typeof body === 'object');
  const documents = [...SUBSCRIPTIONS.map((query) => ({ query })), ...bodies];
  for (const [at, { query, ...rest }] of documents.entries()) {
    socket.send(subscribeMessage(String(at), query, rest));
    const answer = await socket.next();
    expect(answer?.id).toBe(String(at));
    if (answer?.type === 'next') while ((await untilNext(socket, String(at)))?.type === 'next');
  }
}

/** The next message of an operation. An operation that stays open is ended. */
async function untilNext(socket: RawSocket, id: string): Promise<{ type: string } | undefined> {
  socket.send({ type: 'complete', id });
  socket.send({ type: 'ping' });
  const answer = await socket.next();
  if (answer?.type === 'complete') await socket.next();
  return answer?.type === 'next' ? answer : undefined;
}

async function askEverything(server: SeamlineServer, token: string): Promise<void> {
  const headers = {
    authorization: `Bearer ${token}`,
    cookie: 'session=hunter2-in-a-cookie',
    'x-request-id': 'hunter2 is not sane',
    'x-forwarded-for': 'hunter2 is no address',
  };
  for (const body of BODIES) await post(server, body, headers);
  for (const query of SUBSCRIPTIONS)
    for (const accept of ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0']) {
      const stream = await openStream(server.url, {
        method: 'POST',
        headers: { ...headers, accept, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      await stream.until(/hunter2|errors|cursor/);
      stream.leave();
    }
  await fetch(`${server.url}?query={__typename}&variables={"a":"hunter2&token=hunter2`, { headers });
  const socket = await openSocket(server, { headers: { cookie: headers.cookie } });
  socket.send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
  if ((await socket.next())?.type === 'connection_ack') {
    await askOverWebSocket(socket);
    socket.send('{"type":"subscribe","id":"hunter2');
  }
  await socket.closed;
}

function expectNoSecret({ text, lines }: LogLines): void {
  expect(text).not.toMatch(SECRETS);
  for (const secret of [jwtSecret, 'eyJ']) expect(text).not.toContain(secret);
  const ofRequests = lines.filter(
    ({ level, msg, code }) => level === 'debug' || code !== undefined || msg.startsWith('internal'),
  );
  for (const line of ofRequests) if (line['suppressed'] === undefined) expect(line).toHaveProperty('request');
}

describe('a log at debug never has a token, a cookie, a variable or a value in it', () => {
  it('when all is well', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger, jwtSecret, trustProxy: true });
    await askEverything(server, await tokenOf({ scope: 'items:read items:write' }));
    await server.drain();
    expect(log.saying('operation done').length).toBeGreaterThan(10);
    expect(log.saying('subscription ended').length).toBeGreaterThan(5);
    expectNoSecret(log);
  });

  it.each([
    ['is forged', { scope: 'items:read' }, (token: string) => `${token.slice(0, -8)}AAAAAAAA`],
    ['has expired', { scope: 'items:read hunter2', exp: 1 }, (token: string) => token],
    ['has no scope', { sub: 'hunter2', keyPrefix: 'hunter2' }, (token: string) => token],
    ['is no token', {}, () => 'hunter2'],
  ])('when the token %s', async (_name, claims, change) => {
    const log = logLines();
    const server = await startServer({ logger: log.logger, jwtSecret, trustProxy: true, jwtCookie: 'session' });
    await askEverything(server, change(await tokenOf(claims)));
    await server.drain();
    expect(log.saying('refused').length).toBeGreaterThan(0);
    expectNoSecret(log);
  });

  it.each([
    ['can’t be reached', new EngineUnavailableError('no answer', { cause: new Error('timeout') })],
    ['doesn’t answer', new IndeterminateError('no answer')],
    ['is broken', new TypeError('broken')],
  ])('when the engine %s', async (_name, failure) => {
    const log = logLines();
    const engine = new HeldLog(memoryLog());
    const server = await startServer({ log: engine, logger: log.logger });
    await post(server, insertion({}));
    engine.failure = failure;
    await askEverything(server, 'hunter2');
    await server.drain();
    expect(log.lines.filter(({ level }) => level === 'warn' || level === 'error').length).toBeGreaterThan(0);
    expectNoSecret(log);
  });

  it('when a resolver throws what JSON.parse says of a value, as it quotes it', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    vi.spyOn(server.map, 'prepared').mockReturnValue({ bytes: 0, run: async () => JSON.parse('hunter2') as never });
    await post(server, insertion({}));
    expect(log.saying(/^internal error/)).toMatchObject([{ err: { type: 'SyntaxError' } }]);
    expectNoSecret(log);
  });

  it('when a snapshot is damaged', async () => {
    const log = logLines();
    const engine = memoryLog({ shared: true });
    const first = await createServer({ port: 0, log: engine });
    await post(first, insertion({}));
    const { sequence, commandId } = first.map.replica;
    await first.drain();
    const chunks = [Buffer.from('{"hunter2\nhunter2')];
    await engine.saveSnapshot({ sequence, commandId, chunks });
    await startServer({ log: engine, logger: log.logger });
    expect(log.saying(/snapshot at sequence/)).toMatchObject([{ level: 'warn', sequence }]);
    expectNoSecret(log);
  });
});
