import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ENDED } from '../../../src/transports/protocol/event-id.ts';
import { JSON_BODY, post } from '../../support/clients/requests.ts';
import { ALL, ALL_BYTES, allOf, largeServer, SMALL, unreadBytes, untilUnread } from '../../support/server/unread.ts';

const MIB = 1024 * 1024;
const INSERT = 'mutation { insertItem(input: { key: "small", value: 1 }) { key } }';

/** A response that is not read until somebody reads it. */
function unread(server: SeamlineServer, query: string, accept = 'application/json'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, { method: 'POST', agent: false, headers: { ...JSON_BODY, accept } }, resolve);
    sent.on('error', reject);
    sent.end(JSON.stringify({ query }));
    onTestFinished(() => void sent.destroy());
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

it('of 30 requests for 60 MB that nobody reads two are held, the others get 503 with Retry-After, and both are whole when they are read', async () => {
  const server = await largeServer();
  const responses = await Promise.all(Array.from({ length: 30 }, () => unread(server, ALL)));
  const [held, refused] = [200, 503].map((status) => responses.filter(({ statusCode }) => statusCode === status));
  expect(held).toHaveLength(2);
  expect(refused).toHaveLength(28);
  for (const response of refused ?? []) {
    expect(response.headers['retry-after']).toBe('1');
    expect(JSON.parse(await textOf(response))).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
  }
  const all = allOf(server);
  for (const query of [SMALL, INSERT]) expect((await post(server, { query })).status).toBe(200);
  expect(await unreadBytes(server)).toBeLessThan(128 * MIB);
  for (const response of held ?? []) expect((await textOf(response)) === all).toBe(true);
  await untilUnread(server, (bytes) => bytes === 0);
});

it('an insertion of a known document is refused with 503 while too much is unread, and the server goes on', async () => {
  const server = await largeServer();
  const values = Array.from({ length: 18 }, (_, n) => `value${n}: value`).join(' ');
  const query = `mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key ${values} } }`;
  const inserted = (value: unknown) =>
    post(server, { query, variables: { inputs: Array.from({ length: 8 }, (_, n) => ({ key: `small${n}`, value })) } });
  expect((await inserted(1)).status).toBe(200);
  const held = await Promise.all([ALL, ALL].map((all) => unread(server, all)));
  expect(held.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  const refused = await inserted('v'.repeat(60_000));
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
  expect((await inserted(2)).status).toBe(200);
});

it('clients that leave give back what their answers took', async () => {
  const server = await largeServer();
  const responses = await Promise.all([ALL, ALL].map((query) => unread(server, query)));
  expect(await unreadBytes(server)).toBeGreaterThan(2 * ALL_BYTES);
  for (const response of responses) response.destroy();
  await untilUnread(server, (bytes) => bytes === 0);
  expect((await post(server, { query: ALL })).status).toBe(200);
});

it('requests that come on one connection before its answers are read wait', async () => {
  const server = await largeServer();
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  const body = JSON.stringify({ query: ALL });
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(`${head}${body}`.repeat(20));
  await untilUnread(server, (bytes) => bytes >= ALL_BYTES);
  expect((await post(server, { query: INSERT })).status).toBe(200);
  expect(await unreadBytes(server)).toBeLessThan(ALL_BYTES + 4 * MIB);
  let answers = 0;
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      answers += chunk.toString('latin1').split('HTTP/1.1 200 OK').length - 1;
      if (answers === 3) resolve();
    });
  });
  expect(answers).toBe(3);
});

it('a query over SSE is answered piece by piece, whole, with no comment inside', async () => {
  const server = await largeServer();
  const response = await unread(server, ALL, 'text/event-stream');
  await once(response, 'readable');
  expect(await unreadBytes(server)).toBeGreaterThan(ALL_BYTES);
  const [head, data, ...end] = (await textOf(response)).replace(/^(?::\n\n)+/, '').split('\n');
  expect(head).toBe('event: next');
  expect(data === `data: ${allOf(server)}`).toBe(true);
  expect(end.join('\n')).toMatch(new RegExp(`^id: [\\w.-]+\n\n(?::\n\n)*event: complete\ndata:\nid: ${ENDED}\n\n$`));
  await untilUnread(server, (bytes) => bytes === 0);
});

it('a small answer has a Content-Length, and a large one has none', async () => {
  const server = await largeServer();
  expect((await unread(server, SMALL)).headers).toMatchObject({ 'content-length': expect.any(String) as string });
  const { headers } = await unread(server, ALL);
  expect(headers).toMatchObject({ 'transfer-encoding': 'chunked', 'content-type': 'application/json; charset=utf-8' });
  expect(headers['content-length']).toBeUndefined();
});
