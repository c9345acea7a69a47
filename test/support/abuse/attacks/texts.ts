/** Texts of clients that a server might remember. */
import { createHmac } from 'node:crypto';
import type { Run } from '../attacker.ts';
import { requestOf, UPGRADE } from '../../sockets/client-bytes.ts';
import { openMany, openWebSocket, postOf, queryOf, subscribe, text, written } from './lines.ts';

const MB = 1_000_000;
const AT_ONCE = 4;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls one after the other, some at once. */
async function each(count: number, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function posted(port: number, body: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const url = `http://127.0.0.1:${port}/graphql`;
  const given = { 'content-type': 'application/json', ...headers };
  await (await fetch(url, { method: 'POST', headers: given, body })).arrayBuffer();
}

const comment = (n: number, bytes: number): string => `#${n} ${'x'.repeat(bytes)}\n`;

const DOCUMENTS: Readonly<Record<string, string>> = {
  valid: '{ stream { size } }',
  invalid: '{ stream { nothing } }',
  unparsable: '{ stream {',
  insertion: 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { cursor } }',
};

/** A comment is no token, so it may be as long as the message. */
const documents: Run = async (port, { count, kind, token, bytes = MB }) => {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${String(token)}` };
  const variables = { input: { key: 'one', value: 1 } };
  await each(Number(count), (n) =>
    posted(port, queryOf(comment(n, Number(bytes)) + DOCUMENTS[String(kind)], { variables }), headers),
  );
};

/** The same over one WebSocket, answer by answer. */
const messages: Run = async (port, { count, kind }) => {
  const socket = await openWebSocket(port);
  socket.resume();
  for (let n = 0; n < Number(count); n++)
    await written(socket, subscribe(`m${n}`, comment(n, MB) + DOCUMENTS[String(kind)]));
  await sleep(1000);
};

/** Subscriptions that stay open, each with a document of its own. */
const openDocuments: Run = async (port, { count, transport }) => {
  const query = (n: number): string => `${comment(n, MB)}subscription { items(filter: { keys: ["none"] }) { key } }`;
  if (transport === 'sse')
    for (const [n, socket] of (await openMany(port, Number(count))).entries())
      await written(socket, postOf(queryOf(query(n)), ['Accept: text/event-stream']));
  else
    for (let n = 0; n < Number(count); n += 50) {
      const socket = await openWebSocket(port);
      for (let id = n; id < Math.min(n + 50, Number(count)); id++)
        await written(socket, subscribe(`o${id}`, query(id)));
    }
  await sleep(1000);
};

/** Filters of 1,000 keys each, all different. */
const filters: Run = async (port, { count, aliased = false }) => {
  for (let n = 0; n < Number(count); n += 50) {
    const socket = await openWebSocket(port);
    for (let id = n; id < n + 50; id++) {
      const keys = Array.from({ length: 1000 }, (_, at) => `filter-${id}-${at}-${'k'.repeat(60)}`);
      const field = aliased === true ? `a${id}: key` : 'key';
      const query = `subscription ($keys: [ID!]) { items(filter: { keys: $keys }) { ${field} } }`;
      await written(socket, subscribe(`f${id}`, query, { variables: { keys } }));
    }
  }
  await sleep(1000);
};

/** Ids of operations, as long as a message may be. */
const longIds: Run = async (port, { sockets, each: perSocket }) => {
  for (let n = 0; n < Number(sockets); n++) {
    const socket = await openWebSocket(port);
    for (let id = 0; id < Number(perSocket); id++)
      await written(
        socket,
        subscribe(`${id}${'i'.repeat(MB)}`, 'subscription { items(filter: { keys: ["none"] }) { key } }'),
      );
  }
  await sleep(500);
};

/** Headers and parameters of connections that stay open. */
const longParameters: Run = async (port, { sockets, bytes, headerBytes }) => {
  for (let n = 0; n < Number(sockets); n++) {
    const payload = { [`p${n}`]: 'p'.repeat(Number(bytes)) };
    if (headerBytes === undefined) await openWebSocket(port, { type: 'connection_init', payload });
    else {
      const [socket] = await openMany(port, 1);
      const header = `X-Long: ${n}${'h'.repeat(Number(headerBytes))}`;
      await written(
        socket ?? fail(),
        Buffer.concat([Buffer.from(requestOf([...UPGRADE, header])), text({ type: 'connection_init' })]),
      );
    }
  }
  await sleep(500);
};

const fail = (): never => {
  throw new Error('no socket');
};

/** Tokens that no issuer has made, and tokens with subjects that are all different. */
const tokens: Run = async (port, { count, secret }) => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = queryOf('mutation { insertItem(input: { key: "t", value: 1 }) { cursor } }');
  await each(Number(count), (n) => {
    const sub = `${n}${'s'.repeat(8000)}`;
    const signed = `${part({ alg: 'HS256' })}.${part({ sub, scope: 'items:read items:write' })}`;
    const isForged = n % 2 === 0;
    const mac = createHmac('sha256', isForged ? 'forged' : String(secret))
      .update(signed)
      .digest('base64url');
    return posted(port, body, { authorization: `Bearer ${signed}.${mac}` });
  });
};

export const texts: Readonly<Record<string, Run>> = {
  documents,
  messages,
  openDocuments,
  filters,
  longIds,
  longParameters,
  tokens,
};
