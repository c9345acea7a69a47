/**
 * What looks at a client's text looks at it once: four times the text is about four times the work. A regular expression that
 * backtracks, or a loop in a loop, makes it sixteen times or worse.
 */
import { describe, expect, it } from 'vitest';
import { parseCursor } from '../../src/core/model/cursor.ts';
import { parseJson } from '../../src/core/model/json.ts';
import { keyProblem, valueIssue } from '../../src/core/input/insert-input.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { parseEventId } from '../../src/transports/protocol/event-id.ts';
import { openTcp, postRequest, untilClosed } from '../support/fuzz/hostile.ts';
import { openSocket } from '../support/sockets/raw-sockets.ts';
import { post } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';

/** Far from 4, which is linear, and from 16, which is not; a machine with others on it is noisy. */
const MAX_RATIO = 10;
const ATTEMPTS = 6;

/** The least time that it took: what is above it is the machine's. */
async function leastMs(run: () => unknown, times: number): Promise<number> {
  let least = Infinity;
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    await run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Of the work for 4n to that for n, as the best of a few attempts has it. */
async function ratioOf(work: (n: number) => unknown, n: number): Promise<number> {
  let best = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && best > MAX_RATIO / 2; attempt++) {
    const [small, large] = [await leastMs(() => work(n), 3), await leastMs(() => work(4 * n), 3)];
    // Below a tenth of a millisecond it is all noise, and no backtracking either.
    best = Math.min(best, large / Math.max(small, 0.1));
  }
  return best;
}

const QUARTER_MIB = 250_000;

/** So that it is the text that is judged, not its size. */
const ROOMY = { maxMessageBytes: 16 * 1024 * 1024 };

/** What is meant to make the patterns of cursors, ids, tokens and keys go back and forth. */
const TEXTS: readonly [string, (n: number) => string][] = [
  ['a', (n) => 'a'.repeat(n)],
  ['0', (n) => '0'.repeat(n)],
  ['spaces', (n) => ' '.repeat(n)],
  ['Bearer and spaces', (n) => `Bearer ${' '.repeat(n)}`],
  ['Bearer, a letter and spaces', (n) => `Bearer a${' '.repeat(n)}b`],
  ['Bearer in the middle', (n) => `Bearer ${'a'.repeat(n)} b`],
  ['a cursor whose position is long', (n) => `aaaaaaaaaaaa-1${'0'.repeat(n)}-0000000`],
  ['a cursor with many places', (n) => `aaaaaaaaaaaa${'-11-0000000'.repeat(n / 11)}`],
  ['a cursor and a half', (n) => `aaaaaaaaaaaa-11-0000000-1${'a'.repeat(n)}`],
  ['hyphens', (n) => '-'.repeat(n)],
  ['dots', (n) => '.'.repeat(n)],
  ['commas', (n) => ','.repeat(n)],
  ['equals and semicolons', (n) => '=;'.repeat(n / 2)],
  ['lines', (n) => '\n'.repeat(n)],
  ['tabs', (n) => '\t \t'.repeat(n / 3)],
  ['quotes', (n) => '\\"'.repeat(n / 2)],
  ['lone surrogates', (n) => '\ud800'.repeat(n)],
  ['pairs of surrogates', (n) => '💥'.repeat(n / 2)],
  ['letters that grow in lower case', (n) => 'İ'.repeat(n)],
  ['digits', (n) => '1'.repeat(n)],
  ['digits in runs', (n) => `${'1'.repeat(n / 2)}x${'2'.repeat(n / 2)}`],
  ['numbers with exponents', (n) => ',1.5e300'.repeat(n / 8)],
  ['stack frames', (n) => '\n    at x'.repeat(n / 9)],
];

/** Where a client's text comes in. */
const DOORS: readonly [string, (server: SeamlineServer, text: string) => Promise<unknown>][] = [
  ['a cursor', (server, text) => sent(server, { query: 'query ($t: String) { items(after: $t) { cursor } }', text })],
  ['extensions.after', (server, text) => posted(server, { query: '{ stream { size } }', extensions: { after: text } })],
  ['a key', (server, text) => sent(server, { query: 'query ($t: ID!) { item(key: $t) { key } }', text })],
  [
    'a value',
    (server, text) =>
      sent(server, { query: 'mutation ($t: JSON!) { insertItem(input: { key: "a", value: $t }) { key } }', text }),
  ],
  [
    'a prefix',
    (server, text) =>
      sent(server, { query: 'query ($t: String) { items(filter: { keyPrefix: $t }) { cursor } }', text }),
  ],
  ['a document', (server, text) => posted(server, { query: text })],
  ['an operation’s name', (server, text) => posted(server, { query: '{ stream { size } }', operationName: text })],
  ['a comment', (server, text) => posted(server, { query: `{ stream { size } } #${text}` })],
  [
    'a block string',
    (server, text) => posted(server, { query: `{ item(key: """${text.replaceAll('\\', '')}""") { key } }` }),
  ],
];

interface Sent {
  readonly query: string;
  readonly text: string;
}

const posted = async (server: SeamlineServer, body: object): Promise<string> => (await post(server, body)).text();

const sent = (server: SeamlineServer, { query, text }: Sent): Promise<string> =>
  posted(server, { query, variables: { t: text } });

describe.each(DOORS)('as %s', (_door, send) => {
  it('a text of a megabyte costs at most four times what a quarter does', async () => {
    const server = await startServer(ROOMY);
    for (const [name, make] of TEXTS)
      expect({ name, isLinear: (await ratioOf((n) => send(server, make(n)), QUARTER_MIB)) < MAX_RATIO }).toEqual({
        name,
        isLinear: true,
      });
  }, 120_000);
});

describe('in connectionParams', () => {
  it('a token of 10 KB costs four times what a quarter does', async () => {
    const server = await startServer({ ...ROOMY, jwtSecret: 'a secret that is long enough for HS256' });
    const send = async (Authorization: string): Promise<unknown> => {
      const socket = await openSocket(server);
      socket.send({ type: 'connection_init', payload: { Authorization } });
      expect(await socket.closed).toMatchObject({ code: 4403 });
      return undefined;
    };
    for (const [name, make] of TEXTS)
      expect({ name, isLinear: (await ratioOf((n) => send(make(n)), 2500)) < MAX_RATIO }).toEqual({
        name,
        isLinear: true,
      });
  }, 120_000);

  it('2,000 members, none of them a token, cost ten times what 500 do at most', async () => {
    const server = await startServer();
    const send = async (n: number): Promise<void> => {
      const socket = await openSocket(server);
      const payload = Object.fromEntries(Array.from({ length: n }, (_, at) => [`authorizatio${at}`, at]));
      socket.send({ type: 'connection_init', payload });
      expect(await socket.next()).toEqual({ type: 'connection_ack' });
      socket.close();
    };
    expect(await ratioOf(send, 500)).toBeLessThan(MAX_RATIO);
  }, 60_000);
});

describe('what judges a text by itself', () => {
  const swallowed = (run: () => unknown): unknown => {
    try {
      return run();
    } catch {
      return undefined;
    }
  };

  it.each<[string, (text: string) => unknown]>([
    ['parseCursor', (text) => swallowed(() => parseCursor(text))],
    ['parseEventId', (text) => swallowed(() => parseEventId(text))],
    ['keyProblem', (text) => keyProblem(text)],
    ['valueIssue', (text) => valueIssue([text])],
    ['parseJson', (text) => parseJson(JSON.stringify([text]))],
  ])('%s is linear', async (_name, judge) => {
    for (const [name, make] of TEXTS) {
      const prepared = new Map([1, 4].map((times) => [times * QUARTER_MIB, make(times * QUARTER_MIB)]));
      const ratio = await ratioOf((n) => judge(prepared.get(n) ?? ''), QUARTER_MIB);
      expect({ name, isLinear: ratio < MAX_RATIO }).toEqual({ name, isLinear: true });
    }
  });
});

const HEADERS = [
  'Authorization',
  'Cookie',
  'Accept',
  'Last-Event-ID',
  'Origin',
  'X-Forwarded-For',
  'X-Request-Id',
] as const;

it.each(HEADERS)('the longest allowed header %s is judged at once, and its answer is short', async (name) => {
  const server = await startServer({ trustProxy: true, allowOrigins: ['https://a.example'] });
  for (const [what, make] of TEXTS) {
    const text = make(12_000).replaceAll(/[^\x20-\x7e]/g, ' ');
    const socket = await openTcp(server);
    const answered = untilClosed(socket);
    socket.write(postRequest(server, '{"query":"{ stream { size } }"}', [`${name}: ${text}`, 'Connection: close']));
    const answer = await answered;
    expect(answer).toMatch(/^HTTP\/1\.1 [24]\d\d /);
    expect({ what, isShort: answer.length < 12_000 }).toEqual({ what, isShort: true });
  }
});
