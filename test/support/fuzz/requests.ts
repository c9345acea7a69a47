/** HTTP requests byte by byte, from sound ones to noise. */
import type { Dice } from '../random/dice.ts';
import { STRINGS, TOKENS } from './corpus.ts';
import { mutated, mutatedBytes, mutatedCursor, oddJson } from './mutations.ts';
import { operationJson, operationMembers } from './operations.ts';

export interface Parts {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** With a true `Content-Length`, so that another request may follow. */
export function requestOf({ method, target, headers, body }: Parts): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...headers];
  if (method !== 'GET' || body.length > 0) lines.push(`Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

const POST = { method: 'POST', target: '/graphql', headers: ['Content-Type: application/json'] } as const;

/** What a header may hold without being an error of the protocol. */
const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '');

const ACCEPTS = [
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json;q=0, */*;q=0.1',
  '*/*',
  'text/event-stream',
  'text/event-stream, application/json',
  'multipart/mixed;subscriptionSpec=1.0, application/json',
  'multipart/mixed',
  'image/png',
  'application/*;q=x',
  ';;;,,,',
  '',
];

const CONTENT_TYPES = [
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/json;',
  'text/plain',
  'text/plain; application/json',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/graphql',
  'application/json, text/plain',
  '/',
  '',
];

const ODD_HEADERS: readonly ((dice: Dice, cursors: readonly string[]) => string)[] = [
  (dice) => `Accept: ${dice.pick(ACCEPTS)}`,
  (dice) => `Accept: ${printable(mutated(dice, dice.pick(ACCEPTS)))}`,
  (dice, cursors) => `Last-Event-ID: ${printable(mutatedCursor(dice, cursors))}`,
  (dice, cursors) => `Last-Event-ID: ${dice.pick(cursors)}.${dice.pick(['0', '1', '-1', '99999999999', '1.5', 'x'])}`,
  (dice) => `Last-Event-ID: ${dice.pick(['.0', '.1', '.', '..', '0'])}`,
  (dice) => `Origin: ${dice.pick(['null', 'http://evil.example', 'http://localhost', 'x', ''])}`,
  (dice) => `Authorization: ${printable(dice.pick(STRINGS))}`,
  (dice) => `Cookie: ${printable(dice.pick(TOKENS))}=${printable(dice.pick(STRINGS))}`,
  (dice) => `Content-Encoding: ${dice.pick(['gzip', 'br', 'identity', 'x'])}`,
  (dice) => `Accept-Encoding: ${dice.pick(['gzip', '*;q=0', 'x'])}`,
  (dice) => `X-HTTP-Method-Override: ${dice.pick(['DELETE', 'GET'])}`,
  (dice) => `__proto__: ${printable(dice.pick(STRINGS))}`,
  (dice) => `X-${'a'.repeat(1 + dice.below(2000))}: ${'b'.repeat(dice.below(2000))}`,
  () => 'Expect: 100-continue',
];

const query = (dice: Dice, cursors: readonly string[]): string => {
  const pairs = operationMembers(dice, cursors).map(([name, json]) => {
    const text = json.startsWith('"') ? String(JSON.parse(json)) : json;
    return [name, (dice.once(8) ? mutated(dice, text) : text).toWellFormed()];
  });
  const encoded = String(new URLSearchParams(pairs)).slice(0, 8000);
  return dice.once(4) ? printable(mutated(dice, encoded)).replaceAll(' ', '%') : encoded;
};

const PATHS = [
  '/graphql?',
  '/graphql/',
  '/graphql?query',
  '/graphql?query=%7Bstream%7Bsize%7D%7D&query=%7Ba%7D',
  '/graphql?query=%ff%fe',
  '/graphql?query=%7Bstream%7Bsize%7D%7D&variables=%7B',
  '/graphql?query=%7Bstream%7Bsize%7D%7D&extensions=7',
  '/graphql#x',
  '//graphql',
  '/%67raphql',
  '/a/../graphql',
  '/..%2f..%2fetc/passwd',
  '/%',
  '/%00',
  '/health',
  '/ready',
  '/',
  '/__proto__',
  '/constructor?x',
  '*',
  'http://localhost/graphql?query={stream{size}}',
  'http://[/graphql',
  'http://evil.example:99999/graphql',
  `/${'x'.repeat(8000)}`,
];

/** Framed as HTTP wants it: the server answers, and the connection lives on. */
export function framedRequest(dice: Dice, cursors: readonly string[]): Parts {
  const parts = soundlyFramed(dice, cursors);
  if (!dice.once(3)) return parts;
  return { ...parts, headers: [...parts.headers, dice.pick(ODD_HEADERS)(dice, cursors)] };
}

function soundlyFramed(dice: Dice, cursors: readonly string[]): Parts {
  const json = operationJson(dice, cursors);
  switch (dice.below(12)) {
    case 0:
      return { ...POST, body: Buffer.from(mutated(dice, json)) };
    case 1:
      return { ...POST, body: mutatedBytes(dice, Buffer.from(json)) };
    case 2:
      return { ...POST, body: Buffer.from(oddJson(dice)) };
    case 3:
      return { ...POST, body: Buffer.from(`[${json}${`,${json}`.repeat(dice.below(3))}]`) };
    case 4:
      return { ...POST, body: Buffer.from(`{"query":${oddJson(dice)},"variables":${oddJson(dice)}}`) };
    case 5:
      return { ...POST, headers: [`Content-Type: ${dice.pick(CONTENT_TYPES)}`], body: Buffer.from(json) };
    case 6:
      return {
        ...POST,
        headers: dice.pick([[], ['Content-Type: text/plain', ...POST.headers]]),
        body: Buffer.from(json),
      };
    case 7:
      return {
        ...POST,
        method: dice.pick(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'HEAD', 'TRACE', 'QUERY']),
        body: Buffer.from(dice.once(2) ? json : ''),
      };
    case 8:
      return { ...POST, target: dice.pick(PATHS), body: Buffer.from(json) };
    case 9:
      return { method: 'GET', target: dice.pick(PATHS), headers: [], body: Buffer.alloc(0) };
    case 10:
      return { method: 'GET', target: `/graphql?${query(dice, cursors)}`, headers: [], body: Buffer.alloc(0) };
    default:
      return { ...POST, body: Buffer.from(json) };
  }
}

const chunked = (body: string): Buffer =>
  Buffer.from(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n${body}`,
  );

const bytesOf = (dice: Dice, cursors: readonly string[]): Buffer => requestOf(framedRequest(dice, cursors));

/** Not framed as HTTP wants it: nothing that follows can be understood. */
export const illFramed: readonly ((dice: Dice, cursors: readonly string[]) => Buffer)[] = [
  (dice, cursors) => {
    const bytes = bytesOf(dice, cursors);
    return bytes.subarray(0, dice.below(bytes.length));
  },
  (dice, cursors) => mutatedBytes(dice, bytesOf(dice, cursors)),
  (dice, cursors) => Buffer.from(mutated(dice, bytesOf(dice, cursors).toString('latin1')), 'latin1'),
  (dice) => Buffer.from(Array.from({ length: dice.below(300) }, () => dice.below(256))),
  (dice) =>
    chunked(`\r\n${dice.pick(['zz', '-1', '', 'ffffffffffffffff', '5;ext=1', ' 5', '0x5'])}\r\n{"a":1}\r\n0\r\n\r\n`),
  (dice) =>
    chunked(
      `\r\n${dice.below(40).toString(16)}\r\n{"query":"{ stream { size } }"}\r\n${dice.pick(['0\r\n', '', '0'])}`,
    ),
  (dice) => chunked(`Content-Length: ${dice.below(9)}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  () => chunked('\r\n1f\r\n{"query":"{ stream { size } }"}\r\n0\r\nTrailer: x\r\n__proto__: y\r\n\r\n'),
  (dice) => {
    const length = dice.pick(['-1', '1e3', '0x10', '+5', '5, 6', '99999999', '9'.repeat(30), ' ', '5']);
    return Buffer.from(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{}`,
    );
  },
  (dice) => {
    const flood = Array.from({ length: dice.below(3000) }, (_, n) => `X-${n}: ${n}\r\n`).join('');
    return Buffer.from(`GET /graphql?query=%7Bstream%7Bsize%7D%7D HTTP/1.1\r\nHost: x\r\n${flood}\r\n`);
  },
  (dice) => Buffer.from(`GET /graphql?${'x'.repeat(dice.below(40_000))} HTTP/1.1\r\nHost: x\r\n\r\n`),
  (dice) =>
    Buffer.from(
      `${dice.pick(['GET', 'get', 'BREW', '\0', ''])} /graphql HTTP/${dice.pick(['0.9', '1.0', '1.1', '2.0', 'x'])}\r\n\r\n`,
    ),
  (dice) =>
    Buffer.from(
      `GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${dice.pick(['h2c', 'websocket', 'TLS/1.0'])}\r\n\r\n`,
    ),
  () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  () => Buffer.from('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'),
  () => Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]),
  (dice) => Buffer.from(`GET /graphql HTTP/1.1\r\nHost: x\r\nX: ${dice.pick(['\0', '\x01', '\r', '\n y'])}\r\n\r\n`),
];
