/** Clients that ask for much and read nothing. */
import type { Run } from '../attacker.ts';
import { requestOf } from '../../sockets/client-bytes.ts';
import { open, openMany, openWebSocket, postOf, queryOf, subscribe, text, written } from './lines.ts';

const EVERYTHING = '{ items(first: 1000) { edges { node { value } } } }';
const WAIT_MS = 3000;

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, WAIT_MS));

/** On one WebSocket. */
const unreadQueries: Run = async (port, { count }) => {
  const socket = await openWebSocket(port);
  for (let n = 0; n < Number(count); n++) await written(socket, subscribe(`q${n}`, EVERYTHING));
  await wait();
};

/** On a WebSocket each. */
const unreadSockets: Run = async (port, { count }) => {
  const sockets = await Promise.all(Array.from({ length: Number(count) }, () => openWebSocket(port)));
  for (const socket of sockets) void written(socket, subscribe('q', EVERYTHING));
  await wait();
};

const unreadResponses: Run = async (port, { count }) => {
  for (const socket of await openMany(port, Number(count))) {
    socket.pause();
    socket.write(postOf(queryOf(EVERYTHING)));
  }
  await wait();
};

/** Requests one after the other on each connection, without waiting for an answer. */
const pipelined: Run = async (port, { connections, requests, what }) => {
  const get = (path: string, accept: string): string =>
    requestOf([`GET ${path} HTTP/1.1`, 'Host: localhost', `Accept: ${accept}`]);
  const REQUESTS: Readonly<Record<string, string>> = {
    query: postOf(queryOf('{ items(first: 10) { edges { node { value } } } }')),
    page: get('/graphql', 'text/html'),
    console: get('/', 'text/html'),
    metrics: get('/metrics', '*/*'),
    health: get('/health', '*/*'),
  };
  const all = (REQUESTS[String(what)] ?? '').repeat(Number(requests));
  for (const socket of await openMany(port, Number(connections))) {
    socket.pause();
    socket.write(all);
  }
  await wait();
};

/** `distinct`: each stream has a selection of its own, so that nothing is shared. */
const unreadStreams: Run = async (port, { count, distinct = false, what = 'items' }) => {
  for (const [n, socket] of (await openMany(port, Number(count))).entries()) {
    const alias = distinct === true ? `a${n}` : 'value';
    const selection = what === 'items' ? `{ ${alias}: value }` : `{ upserted { ${alias}: value } }`;
    socket.pause();
    socket.write(postOf(queryOf(`subscription { ${String(what)} ${selection} }`), ['Accept: text/event-stream']));
  }
  await wait();
};

const unreadInsertions: Run = async (port, { connections, count, bytes, transport }) => {
  const INSERT = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key value again: value } }';
  const value = 'x'.repeat(Number(bytes));
  const inputs = Array.from({ length: 8 }, (_, n) => ({ key: `unread-${n}`, value }));
  const payload = { query: INSERT, variables: { inputs } };
  const isHttp = transport === 'http';
  const connect = (): ReturnType<typeof open> => (isHttp ? open(port) : openWebSocket(port));
  const sockets = await Promise.all(Array.from({ length: Number(connections) }, connect));
  for (const socket of sockets) {
    socket.pause();
    for (let n = 0; n < Number(count); n++)
      socket.write(isHttp ? postOf(JSON.stringify(payload)) : text({ type: 'subscribe', id: `i${n}`, payload }));
  }
  await wait();
};

/** Errors, each longer than what asked for it. */
const unreadErrors: Run = async (port, { connections, count }) => {
  const query = `{ ${Array.from({ length: 90 }, (_, n) => `unknown${n}`).join(' ')} }`;
  for (let n = 0; n < Number(connections); n++) {
    const socket = await openWebSocket(port);
    const messages = Array.from({ length: Number(count) }, (_, id) => subscribe(`e${id}`, query));
    socket.write(Buffer.concat(messages));
  }
  await wait();
};

export const answers: Readonly<Record<string, Run>> = {
  unreadQueries,
  unreadSockets,
  unreadResponses,
  pipelined,
  unreadStreams,
  unreadInsertions,
  unreadErrors,
};
