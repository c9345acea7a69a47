/** Documents and messages that cost more time than others. */
import type { Run } from '../attacker.ts';
import { frame } from '../../sockets/client-bytes.ts';
import { openWebSocket, post, queryOf, subscribe, written } from './lines.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const repeated = (count: number, part: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => part(n)).join(' ');

const DOCUMENTS: Readonly<Record<string, () => string>> = {
  // Finds nothing, and looks at every item for that.
  misses: () =>
    `{ ${repeated(100, (n) => `a${n}: items(first: 1, filter: { keyPrefix: "zz" }) { edges { cursor } }`)} }`,
  pages: () => `{ ${repeated(100, (n) => `a${n}: items(first: 100) { edges { cursor node { key timestamp } } }`)} }`,
  tokens: () => `{ ${repeated(990, () => 'stream { size }')} }`,
  fragments: () =>
    `{ stream { ...f0 } } ${repeated(300, (n) => `fragment f${n} on Stream { size ...f${n + 1} }`)} fragment f300 on Stream { size }`,
  wrong: () => `{ ${repeated(1400, (n) => `x${n}`)} }`,
  conflicts: () => `{ ${repeated(40, (n) => `stream { ${repeated(20, (m) => (m === n ? 'size' : 'epoch'))} }`)} }`,
};

/** The same document many times on one WebSocket, whose answers are read. */
const heavyDocuments: Run = async (port, { count, document, distinct = false }) => {
  const query = DOCUMENTS[String(document)]?.() ?? '';
  const socket = await openWebSocket(port);
  socket.resume();
  let answered = 0;
  socket.on('data', (chunk: Buffer) => (answered += chunk.toString('latin1').split('"type":"complete"').length - 1));
  socket.on('data', (chunk: Buffer) => (answered += chunk.toString('latin1').split('"type":"error"').length - 1));
  for (let n = 0; n < Number(count); n++)
    await written(socket, subscribe(`h${n}`, distinct === true ? `${query}#${n}` : query));
  for (let turns = 0; answered < Number(count) && turns < 60; turns++) await sleep(100);
  return { answered };
};

const BODIES: Readonly<Record<string, (n: number) => string>> = {
  numbers: (n) => `{"query":"{ stream { size } }","variables":{"n${n}":[${'1,'.repeat(480_000)}1]}}`,
  fractions: (n) =>
    `{"query":"{ stream { size } }","variables":{"n${n}":[${'1.12345678901234567890,'.repeat(43_000)}1]}}`,
  exponents: (n) => `{"query":"{ stream { size } }","variables":{"n${n}":[${'1e-300,'.repeat(140_000)}1]}}`,
  brackets: (n) => `{"query":"{ stream { size } }","variables":{"n${n}":${'['.repeat(500_000)}${']'.repeat(500_000)}}}`,
  objects: (n) => `{"query":"{ stream { size } }","variables":{"n${n}":[${'{},'.repeat(320_000)}1]}}`,
  members: (n) => `{${repeated(60_000, (m) => `"m${m}x${n}":1,`)}"query":"{ stream { size } }"}`,
  escapes: (n) => `{"query":"{ stream { size } }","variables":{"n${n}":"${'\\u0041'.repeat(160_000)}"}}`,
  list: (n) => `[${'{},'.repeat(320_000)}${n}]`,
};

/** Bodies of a megabyte, one after the other on some connections at once. */
const heavyBodies: Run = async (port, { count, kinds, atOnce = 2 }) => {
  const bodies = (kinds as readonly string[]).map((kind) => BODIES[kind] ?? (() => ''));
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < Number(count)) {
      const n = next++;
      await post(port, bodies[n % bodies.length]?.(n) ?? '');
    }
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, worker));
};

const heavyMessages: Run = async (port, { count, kinds }) => {
  const socket = await openWebSocket(port);
  socket.resume();
  for (let n = 0; n < Number(count); n++) {
    const kind = (kinds as readonly string[])[n % (kinds as readonly string[]).length] ?? '';
    const payload = BODIES[kind]?.(n) ?? '';
    await written(socket, frame(1, `{"type":"subscribe","id":"b${n}","payload":${payload}}`));
  }
  await sleep(500);
};

/** Insertions that fail late. */
const heavyInsertions: Run = async (port, { count }) => {
  const INSERT = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { cursor } }';
  const inputs = Array.from({ length: 1000 }, (_, n) => ({ key: `k${n}`, value: n, ifCursor: 'nothing' }));
  for (let n = 0; n < Number(count); n++) await post(port, queryOf(INSERT, { variables: { inputs } }));
};

export const time: Readonly<Record<string, Run>> = { heavyDocuments, heavyBodies, heavyMessages, heavyInsertions };
