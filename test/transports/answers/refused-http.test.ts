import { type IncomingMessage, request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { JSON_BODY, post, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { largeServer, unreadBytes } from '../../support/server/unread.ts';

const OVERLOADED = { errors: [{ extensions: { code: 'OVERLOADED', retryAfterMs: 1000 } }] };

/** The response, whose body is not read. */
function unread(server: SeamlineServer, body: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, { method: 'POST', agent: false, headers: JSON_BODY }, resolve);
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
    onTestFinished(() => void sent.destroy());
  });
}

it('an insertion of the fast path that is refused while others hold the total is answered with 503 and OVERLOADED', async () => {
  const server = await largeServer();
  const fields = Array.from({ length: 10 }, (_, n) => `a${n}: value`).join(' ');
  const query = `mutation ($input: InsertItemInput!) { insertItem(input: $input) { ${fields} } }`;
  const insertion = { query, variables: { input: { key: 'large', value: 'x'.repeat(60_000) } } };
  // The fast path takes a document that it has seen.
  for (let n = 0; n < 2; n++) expect((await post(server, insertion)).status).toBe(200);
  // Three answers of 42 MB, which no kernel takes whole: less is left than ten values take.
  const third = '{ items(first: 694) { edges { node { key value } } } }';
  for (let n = 0; n < 3; n++) expect((await unread(server, { query: third })).statusCode).toBe(200);
  const { head } = server.map.replica;
  const response = await post(server, insertion);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await resultOf(response)).toMatchObject(OVERLOADED);
  expect(server.map.replica.head).toBe(head);
});

it('a mutation with a long variable that is wrong is answered with its errors only', async () => {
  const server = await startServer();
  const query = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { value } }';
  const variables = { input: { key: 'long', value: 'x'.repeat(300_000), unknown: 1 } };
  const response = await post(server, { query, variables }, { accept: 'application/graphql-response+json' });
  expect(response.status).toBe(400);
  expect(Object.keys(await resultOf(response))).toEqual(['errors']);
});

it('mutations that select a value by a fragment in each of many fields take the memory of all of them before they begin', async () => {
  const log = memoryLog();
  const append = log.append.bind(log);
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isHeld = false;
  log.append = async (data, id) => {
    if (isHeld) await released;
    return append(data, id);
  };
  const server = await startServer({ log });
  isHeld = true;
  const inserts = Array.from({ length: 100 }, (_, n) => `a${n}: insertItem(input: $input) { ...Value }`).join(' ');
  const query = `mutation ($input: InsertItemInput!) { ${inserts} } fragment Value on Item { value }`;
  const variables = { input: { key: 'repeated', value: 'x'.repeat(60_000) } };
  const statuses = new Map<number | undefined, number>();
  const answered = Array.from({ length: 40 }, async () => {
    const { statusCode } = await unread(server, { query, variables });
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
  });
  // Each answer has 6 MB.
  await expect.poll(() => statuses.get(503)).toBeGreaterThan(20);
  release();
  await Promise.all(answered);
  expect(statuses.get(200)).toBeGreaterThan(10);
  // What was taken before is not taken again.
  expect(await unreadBytes(server)).toBeLessThan(128 * 1024 * 1024);
});
