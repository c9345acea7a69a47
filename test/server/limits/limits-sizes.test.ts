/** Limits of sizes: a request above one is refused with its code, and one of exactly that size is accepted. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import type { Result } from '../../support/clients/clients.ts';
import { nested, numbered, openTcp, postRequest, untilClosed, upgradeRequest } from '../../support/fuzz/hostile.ts';
import { connect, openSocket } from '../../support/sockets/raw-sockets.ts';
import { post, postChunked, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';
const BATCH = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }';

interface Asked {
  readonly query: string;
  readonly variables?: object;
  readonly extensions?: object;
}

interface Door {
  readonly name: string;
  ask(server: SeamlineServer, asked: Asked | string): Promise<Result<unknown>>;
}

const DOORS: readonly Door[] = [
  { name: 'HTTP', ask: async (server, asked) => resultOf(await post(server, asked)) },
  {
    name: 'WebSocket',
    async ask(server, asked) {
      const socket = await connect(server);
      const payload = typeof asked === 'string' ? asked : JSON.stringify(asked);
      socket.send(`{"type":"subscribe","id":"1","payload":${payload}}`);
      const message = await socket.next();
      if (!message) throw new Error(`closed with ${(await socket.closed).code}`);
      return message.type === 'error' ? ({ errors: message.payload } as Result<unknown>) : (message.payload as object);
    },
  },
];

const codeOf = ({ errors }: Result<unknown>): unknown => errors?.[0]?.extensions['code'];

describe.each(DOORS)('over $name', ({ ask }) => {
  const inserting = (server: SeamlineServer, value: unknown): Promise<Result<unknown>> =>
    ask(server, { query: INSERT, variables: { input: { key: 'a', value } } });

  it('a value above maxValueBytes is PAYLOAD_TOO_LARGE, and one of exactly that size is inserted', async () => {
    const server = await startServer({ maxValueBytes: 1000 });
    expect(codeOf(await inserting(server, 'x'.repeat(999)))).toBe('PAYLOAD_TOO_LARGE');
    expect(server.map.get('a')).toBeUndefined();
    expect(codeOf(await inserting(server, 'x'.repeat(998)))).toBeUndefined();
  });

  it('a value above the default of 64 KiB is PAYLOAD_TOO_LARGE', async () => {
    const server = await startServer();
    expect(codeOf(await inserting(server, 'x'.repeat(65_535)))).toBe('PAYLOAD_TOO_LARGE');
    expect(codeOf(await inserting(server, 'x'.repeat(65_534)))).toBeUndefined();
  });

  it('a batch above maxBatch is BAD_USER_INPUT, above maxBatchBytes PAYLOAD_TOO_LARGE, and nothing of it is inserted', async () => {
    const server = await startServer({ maxBatch: 3, maxBatchBytes: 100 });
    const inputsOf = (count: number, value: unknown) => ({
      inputs: Array.from({ length: count }, (_, n) => ({ key: `${n}`, value })),
    });
    expect(codeOf(await ask(server, { query: BATCH, variables: inputsOf(4, 1) }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await ask(server, { query: BATCH, variables: inputsOf(2, 'x'.repeat(60)) }))).toBe(
      'PAYLOAD_TOO_LARGE',
    );
    expect(server.map.replica.head.position).toBe(0);
    expect(codeOf(await ask(server, { query: BATCH, variables: inputsOf(3, 1) }))).toBeUndefined();
  });

  it('a value of 64 levels is inserted; one of 65 or 100,000 levels is BAD_USER_INPUT', async () => {
    const server = await startServer();
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const of = (depth: number): string =>
        JSON.stringify({ query: INSERT, variables: { input: { key: 'a', value: 0 } } }).replace(
          '"value":0',
          `"value":${open.repeat(depth)}1${close.repeat(depth)}`,
        );
      expect(codeOf(await ask(server, of(64)))).toBeUndefined();
      expect(codeOf(await ask(server, of(65)))).toBe('BAD_USER_INPUT');
      expect(codeOf(await ask(server, of(100_000)))).toBe('BAD_USER_INPUT');
    }
  });

  it('JSON of 100,000 levels is harmless in every other place of a request', async () => {
    const server = await startServer();
    const deep = nested(100_000);
    const answers = [
      `{"query":"{ stream { size } }","extensions":{"x":${deep}}}`,
      `{"query":"{ stream { size } }","variables":{"x":${deep}}}`,
      `{"query":"query ($key: ID!) { item(key: $key) { key } }","variables":{"key":${deep}}}`,
      `{"query":"query ($f: ItemFilter) { items(filter: $f) { cursor } }","variables":{"f":{"keys":${deep}}}}`,
      `{"query":"{ stream { size } }","extensions":{"after":${deep}}}`,
    ];
    const codes: unknown[] = [];
    for (const asked of answers) codes.push(codeOf(await ask(server, asked)));
    expect(codes).toEqual([undefined, undefined, 'BAD_USER_INPUT', 'BAD_USER_INPUT', 'BAD_USER_INPUT']);
  });

  it('a filter of 1,000 keys is accepted; more keys, or a prefix longer than any key, are BAD_USER_INPUT', async () => {
    const server = await startServer();
    const filtered = (filter: object): Promise<Result<unknown>> =>
      ask(server, {
        query: 'query ($filter: ItemFilter) { items(filter: $filter) { edges { cursor } } }',
        variables: { filter },
      });
    const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `k${n}`);
    expect(codeOf(await filtered({ keys: keys(1000), keyPrefix: 'ä'.repeat(256) }))).toBeUndefined();
    expect(codeOf(await filtered({ keys: keys(1001) }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await filtered({ keyPrefix: 'ä'.repeat(257) }))).toBe('BAD_USER_INPUT');
  });

  it('a subscription’s filter of more than 1,000 keys is BAD_USER_INPUT too', async () => {
    const server = await startServer();
    const variables = { filter: { keys: Array.from({ length: 1001 }, (_, n) => `k${n}`) } };
    const query = 'subscription ($filter: ItemFilter) { items(filter: $filter) { key } }';
    const websocket = DOORS.find(({ name }) => name === 'WebSocket');
    expect(codeOf((await websocket?.ask(server, { query, variables })) ?? {})).toBe('BAD_USER_INPUT');
    expect(server.map.subscriptions).toBe(0);
  });

  it('an insertItems of 1,000 items that are written as literals is accepted', async () => {
    const server = await startServer();
    const items = numbered(1000, (n) => `{ key: "k${n}", value: { n: ${n} } }`);
    const result = await ask(server, { query: `mutation { insertItems(inputs: [${items}]) { key value } }` });
    expect(result.errors).toBeUndefined();
    expect(server.map.get('k999')?.value).toEqual({ n: 999 });
    expect(server.map.replica.items.size).toBe(1000);
  });

  it('a document of 3,000 parts outside of lists and objects is accepted, and a longer one is GRAPHQL_VALIDATION_FAILED', async () => {
    const server = await startServer();
    // The document, its operation, two selection sets and `stream`; two for each field with its directive, three for the directive's value.
    const of = (directives: number): Asked => ({ query: `{ stream { size ${'@a '.repeat(directives)}} }` });
    const parts = /parts outside of lists and objects, more than 3000/;
    expect((await ask(server, of(2994))).errors?.[0]?.message).not.toMatch(parts);
    const refused = await ask(server, of(2995));
    expect(codeOf(refused)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(refused.errors?.[0]?.message).toMatch(parts);
  });

  it('a document of 20,000 tokens is accepted, and a longer one is GRAPHQL_PARSE_FAILED', async () => {
    const server = await startServer();
    // 20 tokens for the rest of the document.
    const of = (tokens: number): Asked => ({
      query: `mutation { insertItem(input: { key: "a", value: [${'1 '.repeat(tokens - 20)}] }) { key } }`,
    });
    expect(codeOf(await ask(server, of(20_000)))).toBeUndefined();
    expect(codeOf(await ask(server, of(20_001)))).toBe('GRAPHQL_PARSE_FAILED');
    expect(codeOf(await ask(server, of(100_000)))).toBe('GRAPHQL_PARSE_FAILED');
  });

  it('a document of 100 aliases is accepted; more are GRAPHQL_VALIDATION_FAILED, in fragments too', async () => {
    const server = await startServer();
    const aliases = (count: number, from = 0): string => numbered(count, (n) => `a${from + n}: size`);
    expect(codeOf(await ask(server, { query: `{ stream { ${aliases(100)} } }` }))).toBeUndefined();
    const split = `{ stream { ${aliases(60)} ...F } } fragment F on StreamStatus { ${aliases(41, 60)} }`;
    for (const query of [`{ stream { ${aliases(101)} } }`, split])
      expect(codeOf(await ask(server, { query }))).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('a body above maxMessageBytes', () => {
  const BODY = JSON.stringify({ query: '{ stream { size } }' });

  it('a body above maxMessageBytes is answered with 413, by Content-Length and in chunks; one of exactly that size is read', async () => {
    const server = await startServer({ maxMessageBytes: 1000 });
    expect((await post(server, BODY.padEnd(1000))).status).toBe(200);
    const refused = await post(server, BODY.padEnd(1001));
    expect(refused.status).toBe(413);
    expect(codeOf(await resultOf(refused))).toBe('PAYLOAD_TOO_LARGE');
    expect(await postChunked(server, [BODY, ' '.repeat(1000)])).toMatchObject({ status: 413 });
  });

  it('a body that is announced above maxMessageBytes is answered with 413 before it is sent', async () => {
    const server = await startServer();
    const socket = await openTcp(server);
    const closed = untilClosed(socket);
    const head = postRequest(server, '', ['Connection: close']).replace(
      'Content-Length: 0',
      'Content-Length: 9000000000',
    );
    socket.write(head);
    expect(await closed).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('a compressed body is not decompressed', async () => {
    const server = await startServer();
    const packed = gzipSync(Buffer.alloc(50_000_000, ' '));
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array(packed),
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });
});

describe('a WebSocket message', () => {
  it('a WebSocket message above 1 MiB is closed with 1009, in one frame or many', async () => {
    const server = await startServer();
    const whole = await connect(server);
    whole.send(' '.repeat(1024 * 1024 + 1));
    expect(await whole.closed).toMatchObject({ code: 1009 });
    const { socket, closed } = await connectedTcp(server);
    for (let n = 0; n <= 64; n++) socket.write(frameOf(n === 0 ? 1 : 0, Buffer.alloc(16 * 1024, ' ')));
    expect(closeCodeIn(await closed)).toBe(1009);
  });

  it('a WebSocket message in endless frames of one byte is ended long before it is 1 MiB', async () => {
    const server = await startServer();
    const { socket, closed } = await connectedTcp(server);
    socket.write(frameOf(1, Buffer.from('{')));
    socket.write(Buffer.concat(Array.from({ length: 40_000 }, () => frameOf(0, Buffer.from(' ')))));
    expect(closeCodeIn(await closed)).toBeGreaterThanOrEqual(1002);
  });

  it('WebSocket compression is never negotiated, even if the client offers it', async () => {
    const server = await startServer();
    const socket = await openSocket(server, { perMessageDeflate: true });
    socket.send({ type: 'connection_init' });
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
    const raw = await connectedTcp(server, 'Sec-WebSocket-Extensions: permessage-deflate');
    expect(raw.head).not.toMatch(/permessage-deflate/);
  });
});

/** Opens a socket, upgrades it, and collects everything that it receives until it is closed. */
async function connectedTcp(server: SeamlineServer, header?: string) {
  const socket = await openTcp(server);
  const chunks: Buffer[] = [];
  const upgraded = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      if (text.includes('\r\n\r\n')) resolve(text);
    });
  });
  const closed = new Promise<Buffer>((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks))));
  const request = upgradeRequest(server);
  socket.write(header === undefined ? request : request.replace('\r\n', `\r\n${header}\r\n`));
  const head = await upgraded;
  return { socket, head, closed };
}

/** A mask of zeros leaves the payload unchanged. */
function frameOf(opcode: 0 | 1, payload: Buffer): Buffer {
  const length =
    payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([opcode, ...length, 0, 0, 0, 0]), payload]);
}

/** The code of the close frame at the end. */
function closeCodeIn(received: Buffer): number {
  const at = received.lastIndexOf(0x88);
  return at < 0 ? 0 : received.readUInt16BE(at + 2);
}
